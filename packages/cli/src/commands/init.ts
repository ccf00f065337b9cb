import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { loadConfig, resolveTargets, type ResolvedTarget } from '@monokit/config';
import { command } from '../command.ts';
import { Mistake } from '../mistake.ts';
import { diagnosticsText, shortest } from '../ui/diagnostics.ts';
import { count } from '../ui/format.ts';

export const init = command({
  summary: 'Write a buildkit.config.ts for the Dockerfiles found here',
  usage: '',
  description: `
Looks for Dockerfiles below this folder (not in what .gitignore names) and writes a
buildkit.config.ts with an image for each: the place to give them tags, platforms,
outputs and the rest. An existing config is left alone.`,
  flags: {},
  wordless: 'go to the folder: cd FOLDER && cli init',
  examples: [['cli init', 'in the root of the repository']],
  async run({ cwd, env, stdout, stderr }) {
    const { loaded, diagnostics } = await loadConfig({ cwd, env });
    const existing = loaded?.file ?? diagnostics[0]?.file;
    if (existing !== undefined) {
      throw new Mistake(`there is a config already: ${shortest(existing, cwd)}`, 'cli ls  lists its images');
    }
    const { sources, ...rest } = loaded!;
    if (sources) {
      const names = sources.files.map((file) => shortest(file, cwd)).join(' and ');
      const listed = sources.files.map((file) => `'${relative(loaded!.root, file)}'`).join(', ');
      throw new Mistake(
        `the images of this workspace are those of ${names}`,
        `cli ls lists them; a buildkit.config.ts with \`sources: [${listed}]\` adds others to them`,
      );
    }
    const found = await resolveTargets({ ...rest, root: cwd, config: { discover: true } }, { env, select: ['all'] });
    const { workspace } = found;
    const errors = found.diagnostics.filter(({ severity }) => severity === 'error');
    if (!workspace) {
      const [first] = errors;
      if (errors.length === 1) throw new Mistake(first!.message, first!.hint);
      stderr.write(diagnosticsText(errors, { cwd, stream: stderr }));
      throw new Mistake('nothing was written');
    }
    const targets = workspace.selected;
    const file = join(cwd, 'buildkit.config.ts');
    await writeFile(file, configText(targets, cwd), { flag: 'wx' });
    stdout.write(`Wrote buildkit.config.ts with ${count(targets.length, 'image')}.\n\nNext:\n`);
    stdout.write(
      `  cli ls            see them\n  cli build all     build them\n  cli graph         see how they hang together\n`,
    );
    return 0;
  },
});

/** A config that names each image with its Dockerfile, and shows what else can be said. */
export function configText(targets: readonly ResolvedTarget[], root: string): string {
  const images = targets.flatMap((target) => imageLines(target, root));
  return `import type { Config } from '@monokit/config';

// What \`cli build\` builds, and how. All paths are relative to this file.
export default {
  groups: {
    // Built by \`cli build\` alone; \`cli build all\` builds everything.
    default: [${targets.map(({ id }) => quoted(id)).join(', ')}],
  },

  images: {
${images.join('\n')}
  },

  // An image can say more:
  //   target: 'prod'                            the stage to build
  //   args: { VERSION: '1.2.3' }                build arguments
  //   tags: ['registry.example/app:1.2.3']      names in the store, and where to push
  //   platforms: ['linux/amd64', 'linux/arm64']
  //   output: 'type=oci,dest=app.tar'           or image, registry, docker, tar, local
  //   contexts: { assets: './assets' }          named contexts: folders, URLs, target:ID, docker-image://…
  //   secrets: 'id=npm,src=.npmrc'              for RUN --mount=type=secret
  // \`FROM ID\` in a Dockerfile, with the id or a tag of another image here, builds on that image.
} satisfies Config;
`;
}

function imageLines({ id, recipe, context }: ResolvedTarget, root: string): readonly string[] {
  const folder = context.kind === 'folder' ? shortest(context.path, root) : '.';
  const where = folder === root ? '.' : folder;
  const name = recipe.kind === 'dockerfile' ? recipe.name : 'Dockerfile';
  const dockerfile = name === 'Dockerfile' ? '' : `, dockerfile: ${quoted(name)}`;
  const key = /^[A-Za-z_$][\w$]*$/.test(id) ? id : quoted(id);
  return [`    ${key}: { context: ${quoted(where)}${dockerfile} },`];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
