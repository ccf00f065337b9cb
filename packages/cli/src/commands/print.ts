import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { onlyFolder } from '../tasks/is-folder.ts';

export const print = command({
  summary: 'Print what would be built: resolved targets, or their LLB',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | --llb FOLDER',
  description: `
Prints the chosen images as they are after variables, inheritance, matrices, --set and
flags: JSON that \`docker buildx bake -f\` reads. With --llb it prints the low-level
build graph of images or of a folder instead, as text or as the JSON lines of
\`buildctl debug dump-llb\`. Nothing is built.`,
  flags: {
    llb: {
      kind: 'choice',
      placeholder: 'FORMAT',
      implied: 'text',
      among: ['text', 'json'],
      help: 'The build graph instead of the targets',
      env: false,
    },
    ...imageFlags,
    ...workspaceFlags,
  },
  examples: [
    ['cli print', 'the group default, or all images, as JSON'],
    ["cli print api --set 'api.args.VERSION=2'", 'one image with an override'],
    ['cli print --llb .', 'the graph of the Dockerfile in this folder'],
  ],
  async run(invocation) {
    const { flags, positionals, stdout } = invocation;
    const folder = onlyFolder(positionals);
    if (flags.llb === undefined) {
      if (folder !== undefined) {
        throw new Mistake('a folder has no target in the config', `cli print --llb ${folder}  prints its graph`);
      }
      const { printTargets } = await import('../print/print-targets.ts');
      await printTargets(invocation);
      return 0;
    }
    await using scope = new AsyncDisposableStack();
    const { defineImages } = await import('../tasks/defined-images.ts');
    const { defined } = await defineImages(invocation, positionals, scope);
    const [{ printDefinition }, { dumpJson }, { formatPlatform }] = await Promise.all([
      import('@monokit/engine/llb/print'),
      import('@monokit/engine/llb/dump'),
      import('@monokit/engine/oci/platform'),
    ]);
    const all = defined.flatMap(({ request, images }) => images.map((image) => ({ id: request.id, ...image })));
    for (const { id, platform, definition } of all) {
      if (flags.llb === 'json') stdout.write(dumpJson(definition));
      else {
        if (all.length > 1) stdout.write(`# ${id} ${formatPlatform(platform)}\n`);
        stdout.write(printDefinition(definition));
      }
    }
    return 0;
  },
});
