import type { Enterable, Entered, FailedStep, LocalEngine, Session } from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import { command, type Invocation } from '../command.ts';
import { imageFlags, workFlags } from '../flags/build.ts';
import { refuseFlags } from '../flags/refuse.ts';
import { workspaceFlags } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { isAt, parseAddress } from '../shell/address.ts';
import { chosenStep, isIn, platformText, wordOf } from '../shell/choose.ts';
import { failedHeader, missingLines, roomLines } from '../shell/header.ts';
import { lender } from '../shell/lender.ts';
import { sitIn } from '../shell/sit.ts';
import { defineImages, type ShowInvocation } from '../tasks/defined-images.ts';
import { isFolder } from '../tasks/is-folder.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { settingsHere } from '../tasks/settings-here.ts';
import { describe, diagnosticsOf } from '../ui/failure.ts';
import { isInternal } from '../ui/model.ts';
import { shellWord } from '../ui/shell-word.ts';
import { stepWord } from '../ui/step-word.ts';
import { oneLine } from '../ui/tame.ts';

const shellFlags = {
  before: { kind: 'switch', help: 'The trees as they were before the failed step', env: false },
  built: { kind: 'switch', help: 'What a build makes, though a failed step of it is kept', env: false },
  replay: {
    kind: 'switch',
    help: 'Run the failed command again, from the trees before it, and exit as it does',
    env: false,
  },
  'network-mode': workFlags['network-mode'],
  ...imageFlags,
  ...workspaceFlags,
} as const;

type ShellInvocation = Invocation<typeof shellFlags>;

export const shell = command({
  summary: 'Open a shell in a failed step, as it left its files, or in an image',
  usage: '[@last | IMAGE | IMAGE#STAGE | IMAGE#STAGE:N | FOLDER] [-- COMMAND…]',
  description: `
Opens a shell where a RUN step failed: its files as it left them, with the same mounts,
environment, folder, user, network and platform. The last ten failed steps are kept for
a week, so this works tomorrow, too. What you write is thrown away when you leave, so a
step can be entered again as it was.

@last (the default) is the step of this workspace that failed last; the line \`debug:\` of a failure names
others. Secrets and agents are never kept: lend them again with --secret and --ssh.

Of an image without a failed step it opens what a build makes: the image, a stage of it,
or the tree after one of its steps. Where a tree has no shell, the machine's static
busybox is mounted. With a COMMAND it runs that instead, and exits as it does.`,
  flags: shellFlags,
  exitsAsProgram: true,
  examples: [
    ['cli shell', 'where the last build here failed'],
    ['cli shell web#build:5', 'in step 5 of the stage `build` of the image `web`'],
    ['cli shell web#build:5 -- cat npm-debug.log', 'one command, for scripts'],
    ['cli shell @last --before', 'the files before the step ran'],
    ['cli shell @last --replay', 'the failed command once more'],
    ['cli shell api', 'in the image `api`'],
  ],
  async run(invocation) {
    const { flags, positionals, rest = [], cwd, stderr } = invocation;
    const [wanted = '@last', ...words] = positionals.slice(0, positionals.length - rest.length);
    const args = [...words, ...rest];
    await using scope = new AsyncDisposableStack();
    const engine = scope.use(await openEngineFor(flags, invocation.env, await settingsHere(invocation)));
    const steps = await engine.failedSteps();
    const [platform] = flags.platform;
    const isHere = await failedHere(steps, invocation);
    const found = flags.built || isFolder(wanted) ? undefined : chosenStep(steps, wanted, { isHere, platform });
    const step = found && ((await isMended(wanted, invocation)) ? undefined : found);
    refuse(invocation, step);
    if (!step) {
      checkBuilt(wanted, invocation, { steps, isHere });
      return await enterBuilt(wanted, args, invocation, scope);
    }
    const state = flags.before || flags.replay ? 'before' : 'left';
    const session = await lender(step, invocation, scope);
    const entered = scope.use(await open(engine, { kind: 'failed', step, state }, session, invocation));
    if (!flags.replay && args.length === 0) {
      stderr.write(`${failedHeader(step, { state, cwd, now: Date.now(), stream: stderr })}\n`);
    }
    return await sit(entered, flags.replay ? step.op.meta.args : args, { invocation, command: true });
  },
});

/** Tells whether a step is of this workspace: its Dockerfile lies here, or a run that was begun here tells of it. */
async function failedHere(
  steps: readonly FailedStep[],
  invocation: ShellInvocation,
): Promise<(step: FailedStep) => boolean> {
  const { cwd } = invocation;
  if (steps.every((step) => isIn(cwd, step))) return () => true;
  const { RunsHere } = await import('../runs/runs-here.ts');
  const told = new Set<string>();
  for (const { record } of (await RunsHere.open(invocation)).runs())
    for (const { step } of record.failures) if (step !== undefined) told.add(step);
  return (step) => isIn(cwd, step) || told.has(step.vertex);
}

/** Whether a word names an image, or a stage, that was good when it was last built: then that is what is meant. */
async function isMended(wanted: string, invocation: ShellInvocation): Promise<boolean> {
  const { image, index } = parseAddress(wanted);
  if (wanted === '@last' || index !== undefined || invocation.flags.before || invocation.flags.replay) return false;
  const { RunsHere } = await import('../runs/runs-here.ts');
  for (const { record } of (await RunsHere.open(invocation)).runs()) {
    const last = record.images.find(({ id, status }) => id === image && status !== 'cancelled');
    if (last) return last.status === 'built' || last.status === 'cached';
  }
  return false;
}

function open(engine: LocalEngine, where: Enterable, session: Session, { signal }: ShellInvocation): Promise<Entered> {
  return engine.enter(where, { signal, session, report: () => undefined });
}

/** Flags that mean nothing to a tree that somebody looks at, or to a step that is kept as it failed. */
function refuse(invocation: ShellInvocation, step: FailedStep | undefined): void {
  const { tag, label, annotation, output, attest, provenance, sbom, reproducible, push, load, ...rest } = imageFlags;
  const exported = { tag, label, annotation, output, attest, provenance, sbom, reproducible, push, load };
  refuseFlags(
    invocation,
    { ...exported, 'cache-to': rest['cache-to'] },
    { why: 'says what becomes of an image, and a shell makes none', hint: 'leave it out' },
  );
  if (!step) return;
  const { file: _file, secret: _secret, ssh: _ssh, platform: _platform, ...defining } = rest;
  refuseFlags(invocation, defining, {
    why: 'says how to build, and this step is kept as it failed',
    hint: '--built enters what a build makes',
  });
}

/** Runs the command, or the shell if there is none, which is told about first. */
async function sit(
  entered: Entered,
  args: readonly string[],
  { invocation, command }: { readonly invocation: ShellInvocation; readonly command: boolean },
): Promise<number> {
  const told = args.length > 0 ? missingLines(entered).join('\n') : roomLines(entered, { command });
  if (told !== '') invocation.stderr.write(`${told}\n`);
  return sitIn(entered, args.length > 0 ? args : [entered.shell], invocation);
}

/** Refuses what goes with failed steps only, and says which there are. */
function checkBuilt(
  wanted: string,
  { flags }: ShellInvocation,
  { steps, isHere }: { readonly steps: readonly FailedStep[]; readonly isHere: (step: FailedStep) => boolean },
): void {
  const [here, others] = [steps.filter(isHere), steps.filter((step) => !isHere(step))];
  const known = [...new Set((here.length > 0 ? here : others).map(wordOf))];
  const hint =
    known.length === 0
      ? 'none is kept: a RUN step is, when it fails'
      : `kept are ${known.join(', ')}${here.length > 0 ? '' : ', of other workspaces'}`;
  if (wanted === '@last') {
    if (flags.built) throw new Mistake('--built needs an image, as in cli shell api --built');
    throw new Mistake(
      here.length > 0 ? 'no failed step is for that platform' : 'no step of this workspace that failed is kept',
      hint,
    );
  }
  const flag = (['before', 'replay'] as const).find((each) => flags[each]);
  if (flag !== undefined) throw new Mistake(`--${flag} goes with a failed step, and there is none of ${wanted}`, hint);
}

/** That an image has no such stage, where an error says so. */
function noStage(image: string, stage: string, error: unknown): Mistake | undefined {
  const found = diagnosticsOf(error).find(({ message }) => message.startsWith('target stage '));
  if (!found) return undefined;
  const list = `cli graph ${shellWord(image)} --level stage lists them`;
  return new Mistake(`${image} has no stage ${JSON.stringify(stage)}`, found.hint ?? list);
}

/** Goes into what a build makes, which it builds where it is not cached. */
async function enterBuilt(
  wanted: string,
  args: readonly string[],
  invocation: ShellInvocation,
  scope: AsyncDisposableStack,
): Promise<number> {
  const { flags, stderr } = invocation;
  const address = isFolder(wanted) ? { image: wanted } : parseAddress(wanted);
  const { stage, index, image: id } = address;
  const selection = stage === undefined ? id : `${id}#${stage}`;
  const { engine, defined } = await defineImages(invocation as unknown as ShowInvocation, [selection], scope).catch(
    (error: unknown) => {
      throw (stage !== undefined && noStage(id, stage, error)) || error;
    },
  );
  const [one, another] = defined;
  if (!one || another) throw new Mistake(`a shell is in one image, and ${wanted} means ${defined.length}`);
  const image = one.images.find(({ platform }) => platformText(platform) === flags.platform[0]) ?? one.images[0]!;
  const at = index === undefined ? {} : { at: (name: string) => isAt(address, name) };
  const names = new Map<string, string>();
  let kept: string | undefined;
  const job = {
    signal: invocation.signal,
    session: one.request.session,
    report: (event: Parameters<Parameters<LocalEngine['enter']>[1]['report']>[0]) => {
      if (event.kind === 'vertex-known') names.set(event.vertex, event.name);
      else if (event.kind === 'vertex-started') tellStep(names.get(event.vertex));
      else if (event.kind === 'log') stderr.write(event.data);
      else if (event.kind === 'vertex-kept')
        kept = stepWord({ ...event, name: names.get(event.vertex)!, image: one.request.id });
    },
  };
  let entered;
  try {
    entered = scope.use(await engine.enter({ kind: 'built', defined: one, image, ...at }, job));
  } catch (error) {
    const unknown = failedOf(error, 'step-unknown');
    if (unknown) throw new Mistake(unknown.message, `cli graph ${shellWord(id)} --level step lists them`);
    if (kept === undefined) throw error;
    stderr.write(`${describe(error)}  debug:   cli shell ${kept}\n`);
    return 1;
  }
  if (args.length === 0) stderr.write(`${wanted}  ${platformText(image.platform)}\n`);
  return sit(entered, args, { invocation, command: false });

  function tellStep(name: string | undefined): void {
    if (name !== undefined && !isInternal({ name })) stderr.write(`${oneLine(name)}\n`);
  }
}
