import { command } from '../command.ts';
import { imageFlags } from '../flags/build.ts';
import { workspaceFlags } from '../flags/workspace.ts';

export const lint = command({
  summary: 'Check Dockerfiles by the rules of docker build --check',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Checks the Dockerfiles of all images of the workspace, of those chosen, or of a folder, by
BuildKit's rules, and tells what would keep them from being built. A Dockerfile that
several images share is checked once. Where an image has a target, the stages that it needs
are checked.
\`# check=skip=RULE,…;error=true\` in a Dockerfile, or above an instruction, sets rules.

Ends with 1 if anything is found. Nothing is built.`,
  flags: {
    ...imageFlags,
    ...workspaceFlags,
    json: { kind: 'switch', help: "Print BuildKit's answers as JSON, by image" },
  },
  examples: [
    ['cli lint', 'all Dockerfiles of the workspace'],
    ['cli lint ./app', 'the Dockerfile in a folder'],
    ['cli lint --build-arg BUILDKIT_DOCKERFILE_CHECK=experimental=all', 'with the rules that are off by default'],
  ],
  failed: () => 'something was found',
  async run(invocation) {
    const { flags, positionals, stdout } = invocation;
    const { answersJson, askImages } = await import('../call/ask.ts');
    const images = await askImages(invocation, positionals.length > 0 ? positionals : ['all'], 'frontend.lint');
    const { lintReport } = await import('../call/lint-report.ts');
    const { text, clean } = lintReport(images);
    stdout.write(flags.json ? answersJson(images) : text);
    return clean ? 0 : 1;
  },
});
