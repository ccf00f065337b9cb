import { writeFile } from 'node:fs/promises';
import type { LocalEngine, RunEvent, RunResult, Task } from '@monokit/engine';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { command, type Invocation } from '../command.ts';
import { bakeFlags, imageFlags, workFlags } from '../flags/build.ts';
import { callFlags, callOf } from '../flags/call.ts';
import type { Flags, Given } from '../flags/flags.ts';
import { refuseFlags } from '../flags/refuse.ts';
import { askedVariables } from '../fresh/asked-variables.ts';
import { passing } from '../fresh/fresh.ts';
import { isFolder } from '../tasks/is-folder.ts';
import type { RunPage } from '../graph/page.ts';
import { Mistake, timedOut } from '../mistake.ts';
import { namesOf } from '../tasks/image-names.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { leavesFiles } from '../runs/leave.ts';
import type { EngineSettings } from '../tasks/tasks.ts';
import type { PlanForm } from '../plan/show.ts';
import { openRenderer } from '../ui/open.ts';
import { shellWord } from '../ui/shell-word.ts';
import { reportsOf } from '../ui/report-files.ts';
import type { RunStart } from '../ui/renderer.ts';

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

const frozenFlag = {
  frozen: {
    kind: 'switch',
    help: 'Take everything from caches: where a step would run, tell which, run nothing and exit with 5',
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
    const { flags, signal } = invocation;
    refuseBesideQuestions(invocation);
    if (flags.print || flags.list !== undefined) return tellTargets(invocation);
    if (!flags['open-graph']) return buildImages(invocation);
    const [{ showRun }, { untilStopped }] = await Promise.all([import('../graph/page.ts'), import('../page/show.ts')]);
    await using page = await showRun({ port: undefined, 'no-open': false }, invocation);
    const code = await buildImages(invocation, page);
    if (!signal.aborted) await untilStopped(invocation);
    return code;
  },
});

async function buildImages(
  invocation: Invocation<typeof imageFlags & typeof callFlags & typeof workFlags & typeof dryFlag & typeof frozenFlag>,
  page?: RunPage,
): Promise<number> {
  const { flags, positionals, stdout, stderr, env } = invocation;
  const folders = positionals.filter(isFolder);
  if (folders.length > 1 || (folders.length === 1 && positionals.length > 1)) {
    throw new Mistake('a folder is built by itself', `build ${folders[0]} alone, or name images of the workspace`);
  }

  if (flags.dry !== undefined) {
    const form = planForm(flags);
    return (await import('../plan/show.ts')).showPlan(invocation, { form, frozen: flags.frozen });
  }
  const asked = callOf(flags);
  if (asked) return (await import('../call/call.ts')).call(invocation, asked);

  await using scope = new AsyncDisposableStack();
  const { chosenTasks } = await import('../tasks/tasks.ts');
  const { env: noting, asked: variables } = askedVariables(env, passing);
  const chosen = await chosenTasks({ ...invocation, env: noting }, scope, folders[0]);
  const { tasks, offers, folderOf, settings, asks, seen, scratch } = chosen;
  if (asks !== undefined) return (await import('../call/call.ts')).call(invocation, callOf({ ...flags, call: asks })!);
  if (flags.frozen) {
    const code = await (await import('../plan/frozen.ts')).frozenCode(chosen, invocation);
    if (code !== 0) return code;
  }
  const mode = progressMode(flags);
  const streams = tasks.some(({ request }) =>
    request.exports.some(({ destination }) => destination?.kind === 'stream'),
  );
  if (streams && (mode === 'quiet' || mode === 'json')) {
    throw new Mistake(`the output and --${mode} would both go to standard output`, 'give the output a dest=FILE');
  }
  const startedAt = Math.round(performance.timeOrigin);
  const [{ recordRun }, { estimatorOf }, { continueOf, withDeadline }, { aboutOf }] = await Promise.all([
    import('../recorder/record-run.ts'),
    import('../recorder/estimator.ts'),
    import('../tasks/run-policy.ts'),
    import('../tasks/about.ts'),
  ]);
  const signal = withDeadline(invocation.signal, flags, scope);
  await using recorder = recordRun({ ...invocation, signal }, chosen, { startedAt });
  const prospects = new (await import('../plan/prospects.ts')).Prospects();
  const start: RunStart = {
    ids: tasks.map(({ request }) => request.id),
    names: namesOf(tasks.map(({ request }) => request)),
    startedAt,
    verbose: flags.verbose,
    root: chosen.runsRoot,
    about: aboutOf(chosen, invocation.cwd),
    folders: folderOf,
    facts: { ...recorder.facts, ...prospects.facts },
    retry: (images) => (folders.length > 0 ? undefined : `cli build ${images.map(shellWord).join(' ')}`),
  };
  using renderer = await openRenderer(mode, start, { stdout, stderr, env }, reportsOf(flags, env));
  page?.start(start);

  const { openEngineFor } = await import('../tasks/open-engine.ts');
  const estimate = estimatorOf(chosen, invocation);
  const engine = scope.use(await openEngineFor(flags, env, settings, { estimate }));
  const { run } = await import('@monokit/engine');
  const answering =
    keepsAnswer(invocation, { shown: page !== undefined }) && !tasks.some(attests)
      ? new (await import('../fresh/answering.ts')).Answering()
      : undefined;
  const warnings: Diagnostic[] = [];
  const report = (event: RunEvent) => {
    if (event.kind === 'warning') warnings.push(event.diagnostic);
    prospects.report(event);
    renderer.report(event);
    recorder.report(event);
    page?.report(event);
    answering?.report(event);
  };
  const onKeys = recorder.onKeys.bind(recorder);
  const results = await run(engine, tasks, {
    signal,
    report,
    continue: continueOf(flags, settings),
    foresee: true,
    offers,
    onKeys,
  });

  const code = results.every(({ response }) => response) ? 0 : 1;
  if (code === 0) await writeAnswers(flags, results, { warnings, env });
  const decided = seen();
  if (code === 0 && answering && decided) {
    const requests = tasks.map(({ request }) => request);
    const { spent, saved } = recorder.worth();
    const worth = spent + saved;
    answering.keep(invocation.answerPath!, {
      engine,
      requests,
      variables: Object.fromEntries([...variables].map((name) => [name, env[name] ?? null])),
      seen: decided,
      scratch: scratch?.(),
      worth,
    });
  }
  const end = { code, endedAt: Date.now(), ...timedOut(signal) };
  renderer.finish(end);
  page?.finish(end);
  await recorder.finish(end);
  signal.throwIfAborted();
  if (code === 0 && settings.keep) await keepTo(settings.keep, engine, signal);
  return code;
}

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
function planForm(given: Given<typeof workFlags & typeof dryFlag>): PlanForm {
  const mode = progressMode(given);
  if (given.dry === 'json' || given.json || mode === 'json') return 'json';
  return mode === 'quiet' ? 'ids' : 'text';
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

/** Whether the next call with the same words can be answered by what this one told, if nothing has changed. */
function keepsAnswer(
  { flags, positionals, answerPath, env }: Invocation<typeof imageFlags & typeof workFlags>,
  { shown }: { readonly shown: boolean },
): boolean {
  const told = progressMode(flags) !== 'json' && !flags.verbose;
  const written =
    flags['metadata-file'] !== undefined || flags.iidfile !== undefined || leavesFiles(flags) || reportsOf(flags, env);
  const lent = flags.secret.length === 0 && flags.ssh.length === 0;
  const stdin = positionals.includes('-') || flags.file.includes('-');
  return answerPath !== undefined && told && !written && lent && !stdin && !shown;
}

/** What is said of an image may tell of the repository around it, which answers do not watch. */
function attests({ request: { source } }: Task): boolean {
  return Object.keys(source.options ?? {}).some((name) => /^(attest:|build-arg:BUILDKIT_ATTEST_)/.test(name));
}

/** Lets go of what is older than the config wants, then of the least used until the cache is small enough. */
async function keepTo(
  { storage, duration }: NonNullable<EngineSettings['keep']>,
  engine: LocalEngine,
  signal: AbortSignal,
): Promise<void> {
  const work = { signal, report: () => undefined };
  if (duration !== undefined) await engine.prune({ keepDuration: duration }, work);
  if (storage !== undefined) await engine.prune({ keepStorage: storage }, work);
}

/** `--metadata-file` and `--iidfile`. */
async function writeAnswers(
  flags: { readonly 'metadata-file': string | undefined; readonly iidfile: string | undefined },
  results: readonly RunResult[],
  told: { readonly warnings: readonly Diagnostic[]; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const [only] = results;
  if (flags['metadata-file'] !== undefined) {
    const { writeMetadataFile } = await import('../ui/metadata-file.ts');
    const responses = results.map(({ response }) => response!);
    await writeMetadataFile(flags['metadata-file'], responses, told);
  }
  if (flags.iidfile !== undefined) {
    if (results.length !== 1) throw new Mistake('--iidfile goes with one image');
    const { exported, digest } = only!.response!;
    await writeFile(flags.iidfile, exported['containerimage.config.digest'] ?? digest ?? '');
  }
}
