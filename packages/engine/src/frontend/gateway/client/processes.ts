// Processes in containers of the engine's, as a frontend talks to them.

import { randomUUID } from 'node:crypto';
import type { SecretEnv, SecurityMode } from '../../../llb/exec.ts';
import { failureOf } from '../../../rpc/status.ts';
import { Channel } from '../channel.ts';
import { unknownExit, type ExecMessage } from '../messages/containers.ts';
import type { BridgeCalls } from './reference.ts';

export interface ProcessOptions {
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
  readonly secretEnv?: readonly SecretEnv[];
  readonly security?: SecurityMode;
  readonly tty?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly stdout?: (data: Uint8Array) => void;
  readonly stderr?: (data: Uint8Array) => void;
}

/** A process of a container that exited with a code other than 0. */
export class ProcessExit extends Error {
  override readonly name = 'ProcessExit';
  readonly code: number;

  constructor(code: number, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export interface RunningProcess {
  /** Resolves when it has exited with 0 and all its output was told; rejects with `ProcessExit`, or a failure. */
  readonly ended: Promise<void>;
  /** `SIGTERM`, `HUP`, … */
  signal(name: string): void;
  resize(size: { readonly rows: number; readonly cols: number }): void;
}

/** All processes of a frontend's containers talk over one stream, which begins with the first of them. */
export class ProcessTalks {
  readonly #calls: BridgeCalls;
  readonly #out = new Channel<Partial<ExecMessage>>();
  readonly #listeners = new Map<string, (message: ExecMessage) => void>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #over = new AbortController();
  #begun = false;

  constructor(calls: BridgeCalls) {
    this.#calls = calls;
    this.#failed.promise.catch(() => undefined); // told to each process
  }

  async start(containerId: string, options: ProcessOptions): Promise<RunningProcess> {
    this.#begin();
    const processId = randomUUID();
    const say = (message: Partial<ExecMessage>) => this.#out.push({ processId, ...message });
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    let exit: ExecMessage['exit'];
    this.#listeners.set(processId, (message) => {
      const { file } = message;
      if (message.started) started.resolve();
      else if (file && file.data.length > 0) (file.fd === 1 ? options.stdout : options.stderr)?.(file.data);
      else if (message.exit) ({ exit } = message);
      else if (message.done) {
        this.#listeners.delete(processId);
        if (!exit || exit.code === 0) ended.resolve();
        else ended.reject(exitError(exit));
      }
    });
    const { args, env = [], cwd = '', user = '', secretEnv = [], security = 'sandbox', tty = false, stdin } = options;
    const fds = [...(stdin ? [0] : []), ...(options.stdout ? [1] : []), ...(options.stderr ? [2] : [])];
    const meta = { args, env, cwd, user, ...noMeta };
    say({ init: { containerId, meta, fds, tty, security, secretEnv } });
    const over = Promise.race([ended.promise, this.#failed.promise]);
    over.catch(() => undefined); // told where it is awaited
    await Promise.race([started.promise, over]);
    if (stdin) void feed(stdin, say);
    return {
      ended: over,
      signal: (name) => say({ signal: { name: name.replace(/^SIG/, '') } }),
      resize: (resize) => say({ resize }),
    };
  }

  /** Nothing more is said or heard; processes that still run are left to the engine. */
  end(): void {
    this.#over.abort(new Error('the frontend has ended'));
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const hear = async () => {
      const messages = this.#calls.execProcess(this.#out, { signal: this.#over.signal });
      for await (const message of messages) this.#listeners.get(message.processId)?.(message);
    };
    hear().catch((error: unknown) => this.#failed.reject(error));
  }
}

const noMeta = {
  extraHosts: [],
  hostname: '',
  ulimits: [],
  cgroupParent: '',
  removeMountStubsRecursive: true,
  validExitCodes: [],
};

async function feed(stdin: AsyncIterable<Uint8Array>, say: (message: Partial<ExecMessage>) => void): Promise<void> {
  for await (const data of stdin) say({ file: { fd: 0, eof: false, data } });
  say({ file: { fd: 0, eof: true, data: new Uint8Array() } });
}

function exitError({ code, error }: NonNullable<ExecMessage['exit']>): Error {
  const cause = error && failureOf(error);
  const message = error?.message || `exit code: ${code}`;
  return code === unknownExit && cause ? cause : new ProcessExit(code, message, { cause });
}
