// The stream by which a frontend talks to processes of its containers: all of them go over one.

import { once } from 'node:events';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { rpcFailed, statusOf } from '../../rpc/status.ts';
import { failedOf } from '../../std/failed.ts';
import type { HeldContainer, StartedProcess } from '../program-bridge.ts';
import { Channel } from './channel.ts';
import { unknownExit, type ExecMessage, type InitMessage } from './messages/containers.ts';

/** What a process may have of input that it did not read yet, before its frontend is kept waiting: 16 MiB. */
const mostInput = 16 << 20;

export interface ExecWorld {
  readonly containers: ReadonlyMap<string, HeldContainer>;
  /** Ends all processes. */
  readonly signal: AbortSignal;
}

interface Talk {
  readonly process: StartedProcess;
  readonly stdin: PassThrough | undefined;
}

/** Answers the messages of one stream until the caller has said all, and all processes have ended. */
export async function* execProcess(
  messages: AsyncIterable<ExecMessage>,
  world: ExecWorld,
  gone: AbortSignal,
): AsyncGenerator<Partial<ExecMessage>> {
  const out = new Channel<Partial<ExecMessage>>();
  const talks = new Map<string, Talk>();
  const running = new Set<Promise<void>>();
  const hear = async () => {
    for await (const message of messages) await take(message);
    while (running.size > 0) await Promise.all(running);
  };
  hear().then(
    () => out.end(),
    (error: unknown) => out.fail(error),
  );
  const giveUp = () => out.end();
  gone.addEventListener('abort', giveUp, { once: true });
  try {
    yield* out;
  } finally {
    gone.removeEventListener('abort', giveUp);
    for (const { stdin } of talks.values()) stdin?.end();
  }

  async function take({ processId, init, file, resize, signal }: ExecMessage): Promise<void> {
    if (processId === '') throw rpcFailed('invalid-argument', 'ProcessID required');
    const talk = talks.get(processId);
    if (init) {
      if (talk) throw rpcFailed('already-exists', `Process ${processId} already exists`);
      return start(processId, init);
    }
    if (!talk) throw rpcFailed('not-found', `IO for process ${JSON.stringify(processId)} not found`);
    if (file) await write(talk, file);
    else if (resize) talk.process.resize(resize);
    else if (signal) talk.process.signal(signalOf(signal.name));
  }

  async function start(processId: string, init: InitMessage): Promise<void> {
    const { containerId, meta, fds, tty } = init;
    const container = world.containers.get(containerId);
    if (!container) {
      throw rpcFailed('not-found', `container ${JSON.stringify(containerId)} previously released or not created`);
    }
    if (!meta) throw rpcFailed('invalid-argument', 'a process without its arguments');
    // Nothing is heard of a process before it is said to have started.
    let early: Partial<ExecMessage>[] | undefined = [];
    const say = (message: Partial<ExecMessage>) => {
      if (early) early.push({ processId, ...message });
      else out.push({ processId, ...message });
    };
    const hearing = (fd: number) => (data: Uint8Array) => {
      if (fds.includes(fd)) say({ file: { fd, eof: false, data } });
    };
    const stdin = fds.includes(0) ? new PassThrough() : undefined;
    const env = tty && !meta.env.some((each) => each.startsWith('TERM=')) ? [...meta.env, 'TERM=xterm'] : meta.env;
    const process = await container.start(
      { ...init, meta: { ...meta, env } },
      {
        signal: world.signal,
        ...(stdin && { stdin }),
        stdout: hearing(1),
        stderr: hearing(2),
        ...(tty && { terminal: { rows: 24, cols: 80 } }),
      },
    );
    talks.set(processId, { process, stdin });
    out.push({ processId, started: {} });
    for (const message of early.splice(0)) out.push(message);
    early = undefined;
    const ended = process.ended.then(
      () => 0 as const,
      (error: unknown) => error,
    );
    const telling = ended.then((error) => {
      stdin?.destroy();
      for (const fd of [1, 2]) if (fds.includes(fd)) say({ file: { fd, eof: true, data: new Uint8Array() } });
      say({ exit: error === 0 ? { code: 0, error: undefined } : { code: exitCode(error), error: statusOf(error) } });
      say({ done: {} });
    });
    running.add(telling);
    void telling.finally(() => running.delete(telling));
  }
}

async function write({ stdin }: Talk, file: { fd: number; eof: boolean; data: Uint8Array }): Promise<void> {
  if (!stdin || file.fd !== 0) throw rpcFailed('out-of-range', `fd ${file.fd} unavailable to write`);
  if (stdin.destroyed || stdin.writableEnded) return;
  if (file.data.length > 0) stdin.write(Buffer.from(file.data));
  if (file.eof) stdin.end();
  else if (stdin.writableLength > mostInput) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
}

function exitCode(error: unknown): number {
  const exited = failedOf(error, 'process-exit') as { failure: { code?: number } } | undefined;
  return exited?.failure.code ?? unknownExit;
}

/** `HUP`, as Docker calls it, or `SIGHUP`. */
function signalOf(name: string): NodeJS.Signals {
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  if (full in constants.signals) return full as NodeJS.Signals;
  throw rpcFailed('invalid-argument', `Unknown signal ${name}`);
}
