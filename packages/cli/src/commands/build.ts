import { command, type Invocation } from '../command.ts';
import { bakeFlags, frozenFlag, imageFlags, workFlags } from '../flags/build.ts';
import { callFlags, callOf } from '../flags/call.ts';
import type { Flags } from '../flags/flags.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { refuseFlags } from '../flags/refuse.ts';
import { Mistake } from '../mistake.ts';
import type { PlanForm } from '../plan/show.ts';
import { isFolder, onlyFolder } from '../tasks/is-folder.ts';

const openGraphFlag = {
  'open-graph': { kind: 'switch', help: 'Follow the build on a page of this machine, until Ctrl-C', env: false },
} as const satisfies Flags;

const dryFlag = {
  dry: {
    kind: 'choice',
    placeholder: 'FORMAT',
    implied: 'text',
    among: ['text', 'json'],
    help: 'Tell what would run and build nothing, as cli plan does',
    env: false,
  },
} as const satisfies Flags;

const flags = {
  ...imageFlags,
  ...callFlags,
  ...bakeFlags,
  ...workFlags,
  ...openGraphFlag,
  ...dryFlag,
  ...frozenFlag,
} as const;

export const build = command({
  summary: 'Build images of the workspace, or a folder with a Dockerfile',
  usage: '[all | IMAGE | GROUP | GLOB | IMAGE#STAGE]… | FOLDER',
  description: `
Builds the chosen images of the workspace in one graph: steps that several images
share run once, independent ones at the same time, and what is cached does not run.
An image goes where its \`output\` says; without one it stays in the store under its
tags, where \`cli ls\`, a \`FROM\` and a later --output find it.

Without a buildkit.config.ts the targets of docker-bake and compose files are the
images; -f and --config name others.

A folder (., ./app, /src/app), a URL or - for standard input builds the Dockerfile
there with the flags of \`docker buildx build\`; no config is needed.`,
  flags,
  examples: [
    ['cli build', "the workspace's group `default`, or all its images"],
    ['cli build all', 'every image of the workspace'],
    ['cli build api web --platform linux/arm64', 'two images, for another platform'],
    ['cli build -f docker-bake.hcl all --set "*.args.V=2"', 'the targets of a bake file'],
    ['cli build api#test', 'the stage `test` of the image `api`'],
    ['cli build -t app:1 .', 'the Dockerfile in this folder'],
    ['cli build -o type=oci,dest=app.tar ./app', 'into a file that any registry tool reads'],
    ['cli build all --open-graph', 'with a page that shows how it goes'],
    ['cli build --call outline .', 'which arguments, secrets and agents the Dockerfile takes'],
  ],
  failed: (flags) => (callOf(flags) ? 'something was found' : undefined),
  async run(invocation) {
    refuseBesideQuestions(invocation);
    const { flags, positionals, signal } = invocation;
    if (flags.print || flags.list !== undefined) return tellTargets(invocation);
    const folder = onlyFolder(positionals);
    if (flags.dry !== undefined) {
      const { showPlan } = await import('../plan/show.ts');
      return showPlan(invocation, { form: planForm(invocation), frozen: flags.frozen });
    }
    const asked = callOf(flags);
    if (asked) return (await import('../call/call.ts')).call(invocation, asked);
    const { buildImages } = await import('../build/build-images.ts');
    if (!flags['open-graph']) return buildImages(invocation, { folder });

    const [{ showRun }, { untilStopped }] = await Promise.all([import('../graph/page.ts'), import('../page/show.ts')]);
    await using page = await showRun({ port: undefined, 'no-open': false }, invocation);
    const code = await buildImages(invocation, { folder, page });
    if (!signal.aborted) await untilStopped(invocation);
    return code;
  },
});

/** Refuses two questions at once, and flags that mean nothing where nothing is built. */
function refuseBesideQuestions(invocation: Invocation<typeof flags>): void {
  const { flags } = invocation;
  const asked = [
    ...(flags.print ? ['--print'] : []),
    ...(flags.list === undefined ? [] : ['--list']),
    ...(flags.dry === undefined ? [] : ['--dry']),
    ...(callOf(flags) ? [flags.check ? '--check' : '--call'] : []),
  ];
  const [first, second] = asked;
  if (first === undefined) return;
  if (second !== undefined) throw new Mistake(`${first} and ${second} are two questions`, 'ask one of them');
  if (flags['open-graph'])
    throw new Mistake(`--open-graph shows a build, and ${first} builds nothing`, 'cli graph --open shows the graph');
  const { summarize, profile, summary, 'metadata-file': metadata, 'code-quality': quality, iidfile } = workFlags;
  const ofBuilds = { summarize, profile, summary, 'metadata-file': metadata, 'code-quality': quality, iidfile };
  refuseFlags(
    invocation,
    { ...ofBuilds, ...(first !== '--dry' && frozenFlag) },
    { why: `goes with a build, and ${first} builds nothing`, hint: 'leave one out' },
  );
}

/** How `--dry` tells: `-q` leaves only ids, unless JSON is asked for. */
function planForm({ flags, env }: Pick<Invocation<typeof workFlags & typeof dryFlag>, 'flags' | 'env'>): PlanForm {
  if (flags.dry === 'json' || flags.json) return 'json';
  const mode = progressMode(flags, env);
  return mode === 'json' ? 'json' : mode === 'quiet' ? 'ids' : 'text';
}

/** `--print` and `--list`. */
async function tellTargets(
  invocation: Invocation<typeof imageFlags & typeof bakeFlags & typeof workFlags>,
): Promise<number> {
  const { list } = invocation.flags;
  const [folder] = invocation.positionals.filter(isFolder);
  if (folder !== undefined) throw new Mistake(`a folder has no targets: ${folder}`, 'name a bake file with --config');
  if (list === undefined) await (await import('../print/print-targets.ts')).printTargets(invocation);
  else await (await import('../print/list-definitions.ts')).listDefinitions(invocation, list);
  return 0;
}
