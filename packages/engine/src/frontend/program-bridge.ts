// What a frontend that is a program in a container may ask beyond what all frontends may: trees, containers, other
// frontends with inputs. Implemented in build/.

import type { Readable } from 'node:stream';
import type { Definition } from '../llb/definition.ts';
import type { ExecMeta, HostIp, NetworkMode, SecretEnv, SecurityMode } from '../llb/exec.ts';
import type { Mount } from '../llb/mount.ts';
import type { SourceOp } from '../llb/source.ts';
import type { Platform } from '../oci/platform.ts';
import type { Bridge, FrontendResult } from './frontend.ts';

export interface ProgramBridge extends Bridge {
  readonly sessionId: string;
  /** Names of what was handed in explicitly; `input` knows them. */
  readonly inputNames: readonly string[];
  /** Runs a frontend of this engine. Inputs are asked for before those of the request. */
  forward(
    frontend: string,
    options: Readonly<Record<string, string>>,
    inputs?: ReadonlyMap<string, Definition>,
  ): Promise<FrontendResult>;
  /** Brings a tree about. Refuses what the request may not do. */
  solve(definition: Definition): Promise<SolvedTree>;
  /** What a source other than an image is right now: a commit, a download's digest. */
  pin(source: SourceOp): Promise<PinnedSource>;
  /** Makes a container ready; nothing runs in it yet. */
  openContainer(request: ContainerRequest): Promise<HeldContainer>;
  /** Caches beside those of the request that results may come from. Refuses what only a client may name. */
  importCaches(entries: readonly { readonly type: string; readonly attrs: ReadonlyMap<string, string> }[]): void;
  /** Notes that what a frontend gives depends on more than files of this machine. */
  looksElsewhere(): void;
}

/** A tree that can be read. Paths begin at its root, and symlinks never lead out. What is not there is a failure. */
export interface ReadableTree {
  /** At most 16 MiB. */
  readFile(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Uint8Array>;
  /** Entries of a folder by name; of those that match `pattern`, if there is one. */
  readDir(path: string, pattern?: string): Promise<readonly TreeEntry[]>;
  stat(path: string): Promise<TreeEntry>;
}

/** A tree that is held until it is disposed. */
export interface SolvedTree extends ReadableTree, AsyncDisposable {}

export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  readonly target: string;
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: readonly { readonly name: string; readonly value: Uint8Array }[];
}

export interface PinnedSource {
  readonly pin: string;
  /** Unix seconds. */
  readonly changedAt: number | undefined;
}

export interface ContainerRequest {
  /** For people. */
  readonly name: string;
  /** With the tree that each mounts; an empty one where it has none. One of them is at `/`. */
  readonly mounts: readonly { readonly mount: Mount; readonly tree?: SolvedTree }[];
  /** Files beside them, in memory, by their paths. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly network: NetworkMode;
  readonly platform?: Platform;
  readonly hostname: string;
  readonly extraHosts: readonly HostIp[];
}

/** A container whose trees are held. Disposing kills what runs in it. */
export interface HeldContainer extends AsyncDisposable {
  /** Starts a process; the container ends with the first one. Resolves when it runs, or has ended already. */
  start(process: ContainerProcess, io: ContainerIo): Promise<StartedProcess>;
  /** What is mounted, by its place in the request. */
  tree(mount: number): ReadableTree;
}

export interface ContainerProcess {
  readonly meta: Pick<ExecMeta, 'args' | 'env' | 'cwd' | 'user'>;
  readonly secretEnv: readonly SecretEnv[];
  readonly security: SecurityMode;
}

export interface ContainerIo {
  readonly signal: AbortSignal;
  readonly stdin?: Readable;
  readonly stdout: (data: Uint8Array) => void;
  readonly stderr: (data: Uint8Array) => void;
  readonly terminal?: { readonly rows: number; readonly cols: number };
}

export interface StartedProcess {
  /** Rejects as an exec of a build does. */
  readonly ended: Promise<void>;
  signal(name: NodeJS.Signals): void;
  resize(size: { readonly rows: number; readonly cols: number }): void;
}
