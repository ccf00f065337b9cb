// One `cli build` from what was typed to its exit code: chosen, built, shown, written down.

import type { RunEvent, Task } from '@monokit/engine';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { Invocation } from '../command.ts';
import type { frozenFlag, imageFlags, workFlags } from '../flags/build.ts';
import { callOf, type callFlags } from '../flags/call.ts';
import { progressMode } from '../flags/progress-mode.ts';
import { askedVariables } from '../fresh/asked-variables.ts';
import { passing } from '../fresh/fresh.ts';
import type { RunPage } from '../graph/page.ts';
import { Mistake, timedOut } from '../mistake.ts';
import { namesOf } from '../tasks/image-names.ts';
import { openRenderer } from '../ui/open.ts';
import type { RunStart } from '../ui/renderer.ts';
import { reportsOf } from '../ui/report-files.ts';
import { shellWord } from '../ui/shell-word.ts';
import { keepsAnswer } from './keeps-answer.ts';

/** A command line that builds. */
export type BuildCommandLine = Invocation<typeof imageFlags & typeof callFlags & typeof workFlags & typeof frozenFlag>;

/** What the command line means: a folder by itself, or images of the workspace; and a page that follows it. */
export interface BuildScene {
  readonly folder: string | undefined;
  readonly page?: RunPage;
}

/** Builds what the command line means; the number is the exit code. */
export async function buildImages(invocation: BuildCommandLine, { folder, page }: BuildScene): Promise<number> {
  const { flags, stdout, stderr, env } = invocation;
  await using scope = new AsyncDisposableStack();
  const { chosenTasks } = await import('../tasks/tasks.ts');
  const { env: noting, asked: variables } = askedVariables(env, passing);
  const chosen = await chosenTasks({ ...invocation, env: noting }, scope, folder);
  const { tasks, offers, settings, asks } = chosen;
  if (asks !== undefined) return (await import('../call/call.ts')).call(invocation, callOf({ ...flags, call: asks })!);
  if (flags.frozen) {
    const code = await (await import('../plan/frozen.ts')).frozenCode(chosen, invocation);
    if (code !== 0) return code;
  }
  const mode = progressMode(flags, env);
  if ((mode === 'quiet' || mode === 'json') && tasks.some(streams))
    throw new Mistake(`the output and --${mode} would both go to standard output`, 'give the output a dest=FILE');

  const startedAt = Math.round(performance.timeOrigin);
  const [{ recordRun }, { estimatorOf }, { continueOf, withDeadline }, { aboutOf }, { Prospects }] = await Promise.all([
    import('../recorder/record-run.ts'),
    import('../recorder/estimator.ts'),
    import('../tasks/run-policy.ts'),
    import('../tasks/about.ts'),
    import('../plan/prospects.ts'),
  ]);
  const signal = withDeadline(invocation.signal, flags, scope);
  await using recorder = recordRun({ ...invocation, signal }, chosen, { startedAt });
  const prospects = new Prospects();
  const requests = tasks.map(({ request }) => request);
  const start: RunStart = {
    ids: requests.map(({ id }) => id),
    names: namesOf(requests),
    startedAt,
    verbose: flags.verbose,
    root: chosen.runsRoot,
    about: aboutOf(chosen, invocation.cwd),
    folders: chosen.folderOf,
    facts: { ...recorder.facts, ...prospects.facts },
    retry: (images) => (folder === undefined ? `cli build ${images.map(shellWord).join(' ')}` : undefined),
  };
  using renderer = await openRenderer(mode, start, { stdout, stderr, env }, reportsOf(flags, env));
  page?.start(start);

  const { openEngineFor } = await import('../tasks/open-engine.ts');
  const estimate = estimatorOf(chosen, invocation);
  const engine = scope.use(await openEngineFor(flags, env, settings, { estimate }));
  const { run } = await import('@monokit/engine');
  const answering =
    page === undefined && keepsAnswer(invocation, tasks)
      ? new (await import('../fresh/answering.ts')).Answering()
      : undefined;
  const warnings: Diagnostic[] = [];
  const listeners = [prospects, renderer, recorder, page, answering].filter((each) => each !== undefined);
  const report = (event: RunEvent) => {
    if (event.kind === 'warning') warnings.push(event.diagnostic);
    for (const each of listeners) each.report(event);
  };
  const onKeys = recorder.onKeys.bind(recorder);
  const options = { signal, report, continue: continueOf(flags, settings), foresee: true, offers, onKeys };
  const results = await run(engine, tasks, options);

  const code = results.every(({ response }) => response) ? 0 : 1;
  if (code === 0) await (await import('./result-files.ts')).writeResultFiles(results, flags, { warnings, env });
  const seen = chosen.seen();
  if (code === 0 && answering && seen) {
    const { spent, saved } = recorder.worth();
    answering.keep(invocation.answerPath!, {
      engine,
      requests,
      variables: Object.fromEntries([...variables].map((name) => [name, env[name] ?? null])),
      seen,
      scratch: chosen.scratch?.(),
      worth: spent + saved,
      quiet: mode === 'quiet',
    });
  }
  const end = { code, endedAt: Date.now(), ...timedOut(signal) };
  renderer.finish(end);
  page?.finish(end);
  await recorder.finish(end);
  signal.throwIfAborted();
  if (code === 0 && settings.keep) await (await import('./keep-to.ts')).keepTo(settings.keep, engine, signal);
  return code;
}

/** Whether an image's output is written to standard output. */
function streams({ request }: Task): boolean {
  return request.exports.some(({ destination }) => destination?.kind === 'stream');
}
