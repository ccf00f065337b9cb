import { randomUUID } from 'node:crypto';
import type { HostIp, NetworkMode, SecretEnv, SecurityMode } from '../../../llb/exec.ts';
import type { Mount } from '../../../llb/mount.ts';
import type { Platform } from '../../../oci/platform.ts';
import { failureOf } from '../../../rpc/status.ts';
import type { TreeEntry } from '../../program-bridge.ts';
import { Channel } from '../channel.ts';
import { unknownExit, type ExecMessage } from '../messages/containers.ts';
import { entryOf } from '../stat.ts';
import type { BridgeCalls, FileRange, Reference } from './reference.ts';

export interface ContainerOptions {
  /** One of them at `/`. */
  readonly mounts: readonly ContainerMount[];
  readonly network?: NetworkMode;
  readonly platform?: Platform;
  readonly hostname?: string;
  readonly extraHosts?: readonly HostIp[];
}

interface MountAt {
  readonly target: string;
}

export type ContainerMount = MountAt &
  (
    | { readonly kind: 'bind'; readonly from?: Reference; readonly selector?: string; readonly readonly?: boolean }
    | { readonly kind: 'cache'; readonly id: string; readonly sharing?: 'shared' | 'private' | 'locked' }
    | { readonly kind: 'tmpfs'; readonly size?: number }
    | ({ readonly kind: 'secret' } & LentMount)
    | ({ readonly kind: 'ssh' } & LentMount)
  );

interface LentMount {
  readonly id: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly optional?: boolean;
}

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

/** A container of the engine's, whose processes are the frontend's to start. It ends with the first of them. */
export class FrontendContainer implements AsyncDisposable {
  readonly id: string;
  readonly #calls: BridgeCalls;
  readonly #talks: ProcessTalks;

  /** @internal By `FrontendClient.container`. */
  constructor(id: string, calls: BridgeCalls, talks: ProcessTalks) {
    this.id = id;
    this.#calls = calls;
    this.#talks = talks;
  }

  /** Resolves when the process runs. */
  start(options: ProcessOptions): Promise<RunningProcess> {
    return this.#talks.start(this.id, options);
  }

  /** Runs a process to its end; what it wrote. */
  async run(options: ProcessOptions): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const said = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const hearing = (stream: 'stdout' | 'stderr') => (data: Uint8Array) => {
      said[stream].push(data);
      options[stream]?.(data);
    };
    const { ended } = await this.start({ ...options, stdout: hearing('stdout'), stderr: hearing('stderr') });
    await ended;
    return { stdout: Buffer.concat(said.stdout).toString(), stderr: Buffer.concat(said.stderr).toString() };
  }

  /** What its mounts hold now, by their place in the options. */
  async readFile(path: string, { mount = 0, range }: { readonly mount?: number; readonly range?: FileRange } = {}) {
    const asked = { ref: this.id, path, mountIndex: mount, ...(range && { range }) };
    return (await this.#calls.readFileContainer(asked)).data;
  }

  async readDir(
    path: string,
    { mount = 0, pattern = '' }: { readonly mount?: number; readonly pattern?: string } = {},
  ): Promise<readonly TreeEntry[]> {
    const asked = { ref: this.id, path, mountIndex: mount, includePattern: pattern };
    return (await this.#calls.readDirContainer(asked)).entries.map(entryOf);
  }

  async stat(path: string, { mount = 0 }: { readonly mount?: number } = {}): Promise<TreeEntry> {
    return entryOf((await this.#calls.statFileContainer({ ref: this.id, path, mountIndex: mount })).stat!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#calls.releaseContainer({ containerId: this.id });
  }
}

export async function openContainer(
  { mounts, network, platform, hostname, extraHosts }: ContainerOptions,
  calls: BridgeCalls,
  talks: ProcessTalks,
): Promise<FrontendContainer> {
  const containerId = randomUUID();
  await calls.newContainer({
    containerId,
    mounts: mounts.map(mountOf),
    ...(network && { network }),
    ...(platform && { platform }),
    ...(hostname !== undefined && { hostname }),
    ...(extraHosts && { extraHosts }),
  });
  return new FrontendContainer(containerId, calls, talks);
}

function mountOf(mount: ContainerMount): Mount {
  const common = {
    input: 0,
    dest: mount.target,
    selector: mount.kind === 'bind' ? (mount.selector ?? '') : '',
    output: 0,
    readonly: mount.kind === 'bind' && (mount.readonly ?? false),
    contentCache: 'default',
    resultId: mount.kind === 'bind' ? (mount.from?.id ?? '') : '',
  } as const;
  switch (mount.kind) {
    case 'bind':
      return { ...common, kind: 'bind' };
    case 'cache':
      return { ...common, kind: 'cache', id: mount.id, sharing: mount.sharing ?? 'shared' };
    case 'tmpfs':
      return { ...common, kind: 'tmpfs', size: mount.size ?? 0 };
    case 'secret':
    case 'ssh': {
      const { kind, id, uid = 0, gid = 0, mode = kind === 'ssh' ? 0o600 : 0o400, optional = false } = mount;
      return { ...common, kind, id, uid, gid, mode, optional };
    }
  }
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
