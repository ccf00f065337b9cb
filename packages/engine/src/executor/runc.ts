// runc (or crun) by its command line: one `run` for each container, whose end is the process's own, and one `exec` for
// each further process in it.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { killProcess } from './cgroup.ts';
import type { ProcessIo, TerminalSize } from './executor.ts';
import type { ExecutorFailure } from './failure.ts';
import { startTime, watchPidFile } from './pid-file.ts';
import type { Runtime } from './runtime.ts';
import { openStreams } from './streams.ts';

export interface RuncRun {
  readonly runtime: Runtime;
  /** The runtime's `--root`: where it keeps what it knows of its containers. */
  readonly state: string;
  /** Folder with config.json. */
  readonly bundle: string;
  readonly id: string;
  /** A further process of a container that runs: its name among them, and the file that describes it. */
  readonly exec?: { readonly name: string; readonly process: string };
  /** Whether the runtime may not write cgroups. */
  readonly withoutCgroups: boolean;
  readonly io: ProcessIo;
  /** Told of the process when it runs. Asked for only where somebody wants to know. */
  readonly onPid?: (pid: number, resize: (size: TerminalSize) => void) => void;
  /** Kills every process of the container; called again until the runtime ends. */
  readonly kill: () => void;
}

export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  /** The runtime could not start the process; in its words. */
  | { readonly kind: 'not-started'; readonly reason: string }
  /** The runtime itself was killed. */
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals };

/** How often `kill` is called, in ms; and how long before the runtime itself is killed. */
const killInterval = 10;
const killPatience = 3000;

/**
 * Runs a bundle's process to its end. The runtime's state and cgroup may be kept, for the caller to read and remove.
 * Output is passed on as it comes, and all of it before this resolves. Rejects with `runtime-missing`
 * if the runtime cannot be executed.
 */
export async function runBundle(run: RuncRun): Promise<Ending> {
  const own = run.exec ? `${run.exec.name}-` : '';
  const log = join(run.bundle, `${own}log.json`);
  const pidFile = join(run.bundle, `${own}pid`);
  const child = start(run, { log, pidFile });
  using _pid = run.onPid && watchPidFile(pidFile, (pid) => run.onPid!(pid, child.resize));
  const { signal } = run.io;
  using killer = new Killer(run.kill, () => child.kill('SIGKILL'));
  const abort = () => killer.start();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // Whoever killed the runtime left its container running.
  void child.exited.then(
    ([, killedBy]) => killedBy && killer.start(),
    () => {},
  );
  try {
    const [code, killedBy] = await child.ended;
    if (killedBy) return { kind: 'signal', signal: killedBy };
    const failure = code === 0 ? undefined : runtimeError(log);
    return failure === undefined ? { kind: 'exit', code: code! } : { kind: 'not-started', reason: failure };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Kills again and again, because the runtime may be about to start what there is to kill. */
class Killer implements Disposable {
  readonly #kill: () => void;
  readonly #killRuntime: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(kill: () => void, killRuntime: () => void) {
    this.#kill = kill;
    this.#killRuntime = killRuntime;
  }

  start(): void {
    if (this.#timer) return;
    const begin = performance.now();
    const round = () => {
      this.#kill();
      if (performance.now() - begin > killPatience) this.#killRuntime();
    };
    this.#timer = setInterval(round, killInterval);
    round();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

interface Child {
  readonly exited: Promise<Exit>;
  /** Resolves when it has ended and its output is closed. */
  readonly ended: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  resize(size: TerminalSize): void;
}

/**
 * Without what the runtime itself says of a container that was killed while it started it: it does so where the process
 * writes, and nobody failed.
 */
function withoutComplaint(io: ProcessIo, log: string): ProcessIo {
  const stderr = (data: Uint8Array) => {
    const complaint = io.signal.aborted ? runtimeError(log) : undefined;
    const text = Buffer.from(data);
    const end = complaint === undefined ? -1 : text.lastIndexOf(`${complaint}\n`);
    const own = end < 0 ? data : text.subarray(0, end);
    if (own.length > 0) io.stderr(own);
  };
  return { ...io, stderr };
}

function start(run: RuncRun, { log, pidFile }: { readonly log: string; readonly pidFile: string }): Child {
  const { runtime, state, bundle } = run;
  const io = withoutComplaint(run.io, log);
  const streams = openStreams(io);
  try {
    const told = run.onPid ? ['--pid-file', pidFile] : [];
    const global = ['--root', state, '--log', log, '--log-format', 'json'];
    const child = spawn(runtime.path, [...global, ...commandOf(run, told)], {
      cwd: bundle,
      // Nothing of ours: what is in it could change how the runtime behaves (NOTIFY_SOCKET, LISTEN_FDS).
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: [...streams.stdio],
      // A session of its own: Ctrl-C in the terminal is the engine's to handle.
      detached: true,
    });
    const exited = new Promise<Exit>((resolve, reject) => {
      child.once('spawn', () => io.started?.());
      child.once('error', (cause) => {
        streams.exited();
        const message = `${runtime.path} cannot be executed: ${cause.message}`;
        reject(new Failed<ExecutorFailure>({ kind: 'runtime-missing', message }, { cause }));
      });
      child.once('exit', (code, signal) => {
        streams.exited();
        resolve([code, signal]);
      });
    });
    return {
      exited,
      ended: Promise.all([exited, streams.ended]).then(([ending]) => ending),
      kill: (signal) => void child.kill(signal),
      resize: (size) => {
        streams.resize(size);
        // The terminal is not its session's own, so the kernel doesn't tell it.
        child.kill('SIGWINCH');
      },
    };
  } finally {
    streams.started();
  }
}

function commandOf({ runtime, withoutCgroups, bundle, id, exec }: RuncRun, told: readonly string[]): readonly string[] {
  const flags = withoutCgroups ? withoutCgroupsFlags[runtime.name] : [];
  if (exec) return [...flags, 'exec', '--process', exec.process, ...told, id];
  return [...flags, 'run', ...keep[runtime.name], ...told, '--bundle', bundle, id];
}

/** So that what the cgroup has counted can still be read. crun before 1.15 cannot: see `containerGroup`. */
const keep: Readonly<Record<Runtime['name'], readonly string[]>> = { runc: ['--keep'], crun: [] };

const withoutCgroupsFlags: Readonly<Record<Runtime['name'], readonly string[]>> = {
  runc: ['--rootless=true'],
  crun: ['--cgroup-manager=disabled'],
};

/** The last error of the runtime's own log: only it writes there, never the process. A line that is unfinished is none. */
function runtimeError(log: string): string | undefined {
  let text;
  try {
    text = readFileSync(log, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return text
    .split('\n')
    .slice(0, -1)
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly level?: string; readonly msg?: string })
    .findLast(({ level }) => level === 'error' || level === 'fatal')?.msg;
}

/** Kills the first process of a container, and with it all others of its pid namespace, by what the runtime noted. */
export function killFirstProcess(state: string, id: string): void {
  for (const [file, field] of [
    ['state.json', 'init_process_pid'],
    ['status', 'pid'],
  ] as const) {
    let noted;
    try {
      noted = JSON.parse(readFileSync(join(state, id, file), 'utf8')) as Record<string, unknown>;
    } catch {
      continue; // not there yet, not any more, half written, or the other runtime's name
    }
    const pid = Number(noted[field]);
    if (pid > 1 && startTime(pid) === String(noted['init_process_start'] ?? noted['process-start-time'] ?? '')) {
      killProcess(pid);
    }
  }
}
