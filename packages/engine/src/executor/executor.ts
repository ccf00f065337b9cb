// Runs a process in a container. This room knows no LLB and no cache: it gets mounts and a process.

import type { Readable } from 'node:stream';
import type { ContainerLimits } from '../oci/container-limits.ts';
import type { Mount } from '../snapshot/mount.ts';

export interface Executor {
  /**
   * Runs a process to its end in a container of its own. Resolves when it exited with a valid code; otherwise throws
   * `Failed` with `process-exit` (code), `process-killed` (signal, out of memory) or `runtime` (runc could not start it).
   * Aborting kills every process of the container, then rejects with `signal.reason`. Whatever happens, nothing is left:
   * no mount, process, cgroup or runtime state.
   */
  run(process: Process, container: Container, io: ProcessIo): Promise<void>;
}

/** What the processes of a container took; what the kernel doesn't count here is left out. */
export interface Usage {
  /** The most memory that they held at a time, in bytes; what their files took in the page cache is no part of it. */
  readonly peakMemory?: number;
  /** In ms. */
  readonly cpuTime?: number;
}

/** What runs: LLB's Meta and the ExecOp's modes (LLB-004 … LLB-007). */
export interface Process {
  readonly args: readonly string[];
  /** `NAME=value`, last one wins. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** `user[:group]` as written, resolved in the container's /etc/passwd and /etc/group; '' is root. */
  readonly user: string;
  readonly hostname: string;
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupParent: string;
  readonly validExitCodes: readonly number[];
  readonly network: 'sandbox' | 'host' | 'none';
  readonly security: 'sandbox' | 'insecure';
  readonly removeMountStubsRecursive: boolean;
  /** Devices of this machine, by their CDI names. */
  readonly devices?: readonly { readonly name: string; readonly optional: boolean }[];
  /** Limits; undefined is no limit (LLB-020). */
  readonly resources?: ContainerLimits;
}

export interface Container {
  readonly root: { readonly mount: Mount; readonly readonly: boolean };
  readonly mounts: readonly ContainerMount[];
  /** Size of /dev/shm in bytes. */
  readonly shmSize?: number;
  /** Not the machine's own: run through binfmt's emulator, or fail and say how to install it. */
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

/** A mount beside the root. Parent folders and mount points are made, and removed again afterwards (EX-019). */
export type ContainerMount = { readonly target: string } & (
  | { readonly kind: 'tree'; readonly mount: Mount; readonly selector?: string; readonly readonly: boolean }
  /** A file or folder of this machine (cache mounts, sockets). */
  | { readonly kind: 'bind'; readonly path: string; readonly readonly: boolean }
  /** `mode` is that of the folder it hides unless said. */
  | { readonly kind: 'tmpfs'; readonly size?: number; readonly mode?: number }
  /** A secret: held in memory only, with owner and mode. */
  | {
      readonly kind: 'secret';
      readonly data: Uint8Array;
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
    }
  /** An ssh agent's socket. */
  | { readonly kind: 'ssh'; readonly socket: string; readonly uid: number; readonly gid: number; readonly mode: number }
);

export interface ProcessIo {
  readonly signal: AbortSignal;
  readonly stdout: (data: Uint8Array) => void;
  readonly stderr: (data: Uint8Array) => void;
  /** The container started to run; told once. */
  readonly started?: () => void;
  /** What the process reads; nothing when left out. */
  readonly stdin?: Readable;
  /** A terminal of that size: all that is written arrives as `stdout`. */
  readonly terminal?: TerminalSize;
  /** Takes what else can be done with the process; told once, when it runs. */
  readonly running?: (running: RunningProcess) => void;
  /** Told once when all processes have ended, well or not; never where there are no cgroups. */
  readonly used?: (usage: Usage) => void;
}

/** A process that runs. Once it has ended, signals and sizes go nowhere. */
export interface RunningProcess {
  /** Where this machine reaches what listens in its container: a name or an IP; undefined where nothing does. */
  readonly address?: string | undefined;
  /** A number is one of this machine's signals. */
  signal(name: NodeJS.Signals | number): void;
  resize(size: TerminalSize): void;
  /** Runs one more process in the container, as `run` does; it is killed when the container's first one ends. */
  exec(process: Process, io: ProcessIo): Promise<void>;
}

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}
