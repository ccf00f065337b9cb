// Going into a tree with a process: what a failed step left or was given, or what a build makes. The tree gets a layer to
// write to on top, which is thrown away, so it can be entered again as it was.

import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, RefId } from '../cache/ref.ts';
import type { Container, ContainerMount, Executor, ProcessIo } from '../executor/executor.ts';
import { defaultPath } from '../executor/spec.ts';
import type { ExecOp } from '../llb/exec.ts';
import type { LinuxResources } from '../llb/metadata.ts';
import { hostPlatform } from '../oci/platform.ts';
import { processOf } from '../ops/exec.ts';
import type { FailedStep } from '../ops/failed-step.ts';
import { holdMounts } from '../ops/mounts.ts';
import type { Job } from '../session/job.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { busyboxFolder, makeBusyboxFolder } from './busybox.ts';
import type { DebugFailure } from './failure.ts';
import { shellForm, shellIn, shellLine } from './shell-in.ts';

/** Where to go: a process of a step, over the trees that it is given. */
export interface Place {
  /** For people. */
  readonly name: string;
  readonly op: Pick<ExecOp, 'meta' | 'mounts' | 'network' | 'security' | 'secretEnv' | 'cdiDevices' | 'platform'>;
  /** As the op counts them. The place does not own them. */
  readonly inputs: readonly ImmutableRef[];
  readonly resources?: LinuxResources;
}

export interface EnterDeps {
  readonly cache: Cache;
  readonly executor: () => Promise<Executor>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of this process alone, which may not be there yet. Whoever finds this process dead removes it. */
  readonly scratch: string;
}

/** A container that is ready. Disposing throws away what was written, but for cache mounts. */
export interface Entered extends AsyncDisposable {
  /** What the step asks of the client, which does not lend it: `secret npm`, `ssh default`. */
  readonly missing: readonly string[];
  /** Cache mounts, by their places: what is written there stays. */
  readonly cacheMounts: readonly string[];
  /** The program for somebody who wants to look around. */
  readonly shell: string;
  /** Whether that is the machine's busybox, because the tree has no shell. */
  readonly lentShell: boolean;
  /** Runs a process to its end, and gives its exit code. Throws where it could not be started. */
  run(process: EnteredProcess, io: ProcessIo): Promise<number>;
}

export interface EnteredProcess {
  readonly args: readonly string[];
  /** `NAME=value`, after the step's own. */
  readonly env?: readonly string[];
}

/** What stands in each container that is entered, beside the tree. */
const rerunFile = '/.monokit/rerun';
const historyFile = '/.monokit/history';

/** Opens the trees, asks the client for what it lends, and finds a shell. */
export async function enter(place: Place, deps: EnterDeps, job: Job): Promise<Entered> {
  const { name, op, inputs, resources } = place;
  await using opened = new AsyncDisposableStack();
  const { mounts, secretEnv, missing } = await lentOnly(op, job);
  const root = mounts.findIndex(({ dest }) => dest === '/');
  // A layer on top takes what is written, and the places of mounts, also where the step could not write.
  const writable = mounts.with(root, { ...mounts[root]!, readonly: false });
  const held = opened.use(await holdMounts({ mounts: writable }, inputs, { cache: deps.cache, job, name }));
  const others: ContainerMount[] = [...held.mounts];
  const found = await shellOf(inputs[mounts[root]!.input] ?? deps.cache.scratch);
  if (found === undefined) {
    const path = join(opened.adopt(makeFolder(deps.scratch), removeFolder(deps.scratch)), 'bin');
    makeBusyboxFolder(path, deps.env);
    others.push({ kind: 'bind', target: busyboxFolder, path, readonly: true });
  }
  const shell = found ?? `${busyboxFolder}/sh`;
  const command = shellForm(op.meta.args) ?? shellLine(op.meta.args);
  if (op.meta.args.length > 0) {
    const again = `#!${shell}\nexec ${shellLine(op.meta.args)}\n`;
    const line = command.includes('\n') ? rerunFile : command;
    others.push(memoryFile(rerunFile, again, 0o555), memoryFile(historyFile, `${line}\n`, 0o444));
  }
  const extra = [
    ...(op.meta.args.length > 0 ? [`CMD=${command}`, `HISTFILE=${historyFile}`] : []),
    ...(found === undefined ? [`PATH=${pathOf(op.meta.env)}:${busyboxFolder}`] : []),
  ];
  const container: Container = { root: held.root, mounts: others, platform: op.platform ?? hostPlatform() };
  const executor = await deps.executor();
  const stack = opened.move();
  return {
    missing,
    cacheMounts: mounts.flatMap(({ kind, dest, readonly }) => (kind === 'cache' && !readonly ? [dest] : [])),
    shell,
    lentShell: found === undefined,
    async run({ args, env = [] }, io) {
      const meta = { ...op.meta, args, env: [...op.meta.env, ...extra, ...env], validExitCodes: [] };
      const process = { ...(await processOf({ ...op, meta, secretEnv }, job)), ...(resources && { resources }) };
      try {
        await executor.run(process, container, io);
        return 0;
      } catch (error) {
        return exitCode(error);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };

  async function shellOf(tree: ImmutableRef): Promise<string | undefined> {
    await using mounted = await tree.mount(job);
    return shellIn(mounted.path, op.meta);
  }
}

/** A failed step as a place: its trees as it left them, or as they were before it. */
export async function placeOf(
  step: FailedStep,
  state: 'left' | 'before',
  { cache }: Pick<EnterDeps, 'cache'>,
  stack: AsyncDisposableStack,
): Promise<Place> {
  const { op, resources, name } = step;
  const inputs: ImmutableRef[] = [];
  for (const id of step.inputs) inputs.push(await treeOf(id));
  const root = op.mounts.findIndex(({ dest }) => dest === '/');
  const left = state === 'left' ? new Map([...step.left, [root, step.id]]) : new Map<number, RefId>();
  const mounts = [];
  for (const [i, mount] of op.mounts.entries()) {
    const tree = left.get(i);
    if (tree === undefined) mounts.push({ ...mount, output: -1 });
    else mounts.push({ ...mount, output: -1, input: inputs.push(await treeOf(tree)) - 1 });
  }
  return { name, op: { ...op, mounts }, inputs, ...(resources && { resources }) };

  async function treeOf(id: RefId): Promise<ImmutableRef> {
    const tree = await cache.get(id);
    if (tree) return stack.use(tree);
    const message = `what ${name} left is no longer whole in the cache: a prune took a part of it; build again`;
    throw new Failed<DebugFailure>({ kind: 'step-gone', message });
  }
}

/** The op with only what the client lends, and the names of the rest. */
async function lentOnly({ mounts, secretEnv }: Pick<ExecOp, 'mounts' | 'secretEnv'>, job: Job) {
  const missing = new Set<string>();
  const lends = async (kind: 'secret' | 'ssh', id: string): Promise<boolean> => {
    if (kind === 'secret') return (await job.session.secret(id, job)) !== undefined;
    const agent = await job.session.ssh(id, job);
    await agent?.[Symbol.asyncDispose]();
    return agent !== undefined;
  };
  for (const mount of mounts) {
    if (mount.kind !== 'secret' && mount.kind !== 'ssh') continue;
    if (!(await lends(mount.kind, mount.id))) missing.add(`${mount.kind} ${mount.id}`);
  }
  for (const { id } of secretEnv) if (!(await lends('secret', id))) missing.add(`secret ${id}`);
  return {
    missing: [...missing],
    mounts: mounts.map((mount) => ('optional' in mount ? { ...mount, optional: true } : mount)),
    secretEnv: secretEnv.filter(({ id }) => !missing.has(`secret ${id}`)),
  };
}

/** A folder for busybox. */
export function makeFolder(scratch: string): string {
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(scratch, 'busybox-'));
}

/** Removes it, and what it lies in if that is nobody else's. */
export function removeFolder(scratch: string): (folder: string) => void {
  return (folder) => {
    rmSync(folder, { recursive: true, force: true });
    if (readdirSync(scratch).length === 0) rmdirSync(scratch);
  };
}

/** A file that is in the container only, and in no layer. */
function memoryFile(target: string, text: string, mode: number): ContainerMount {
  return { kind: 'secret', target, data: Buffer.from(text), uid: 0, gid: 0, mode };
}

/** What a shell would say of how it ended; what ran nothing is thrown. */
function exitCode(error: unknown): number {
  const exited = failedOf(error, 'process-exit')?.failure as
    | { readonly code: number; readonly message: string }
    | undefined;
  if (exited && /: exit code: \d+$/.test(exited.message)) return exited.code;
  if (failedOf(error, 'process-killed')) return 137;
  throw error;
}

/** The `PATH` that a process with this environment has. */
export function pathOf(env: readonly string[]): string {
  return env.findLast((each) => each.startsWith('PATH='))?.slice('PATH='.length) || defaultPath;
}
