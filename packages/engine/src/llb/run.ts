import type { Constraints } from './constraints.ts';
import type { EnvList } from './env.ts';
import type { HostIp, NetworkMode, ProxyEnv, SecurityMode } from './exec.ts';
import type { CacheSharing, ContentCache } from './mount.ts';
import type { State } from './state.ts';

/** How a process is run. What concerns the process holds for this run only; the state's own settings come under it. */
export interface RunOptions extends Constraints {
  readonly env?: Readonly<Record<string, string>> | EnvList | undefined;
  readonly dir?: string | undefined;
  readonly user?: string | undefined;
  readonly hostname?: string | undefined;
  readonly network?: NetworkMode | undefined;
  readonly security?: SecurityMode | undefined;
  /** Added to those of the state. */
  readonly extraHosts?: readonly HostIp[] | undefined;
  /** Added to those of the state. */
  readonly ulimits?: readonly UlimitOption[] | undefined;
  readonly cgroupParent?: string | undefined;
  /** Exit statuses that count as success; 0 alone if left out. */
  readonly validExitCodes?: readonly number[] | undefined;
  readonly mounts?: readonly RunMount[] | undefined;
  readonly readonlyRoot?: boolean | undefined;
  readonly proxyEnv?: ProxyEnv | undefined;
  readonly cdiDevices?: readonly CdiDeviceOption[] | undefined;
}

export interface UlimitOption {
  readonly name: string;
  readonly soft: number | bigint;
  readonly hard: number | bigint;
}

export interface CdiDeviceOption {
  readonly name: string;
  readonly optional?: boolean | undefined;
}

/** Something a run gets beside its root filesystem. */
export type RunMount = BindMountOption | CacheMountOption | TmpfsMountOption | SecretMountOption | SshMountOption;

/** A state's files. Writable unless `readonly`; `run(…).mount(target)` is then what became of them. */
export interface BindMountOption {
  readonly kind: 'bind';
  readonly target: string;
  /** An empty folder if left out or scratch. */
  readonly from?: State | undefined;
  /** Mounts only this path of `from`. */
  readonly sourcePath?: string | undefined;
  readonly readonly?: boolean | undefined;
  /** Writable, but what is written is thrown away. */
  readonly noOutput?: boolean | undefined;
  readonly contentCache?: ContentCache | undefined;
}

/** A folder that outlives the build, found again by its id. */
export interface CacheMountOption {
  readonly kind: 'cache';
  readonly target: string;
  readonly id: string;
  /** `shared` if left out. */
  readonly sharing?: CacheSharing | undefined;
  /** What the folder starts with. */
  readonly from?: State | undefined;
  readonly sourcePath?: string | undefined;
  readonly readonly?: boolean | undefined;
  readonly noOutput?: boolean | undefined;
  readonly contentCache?: ContentCache | undefined;
}

export interface TmpfsMountOption {
  readonly kind: 'tmpfs';
  readonly target: string;
  /** In bytes. */
  readonly size?: number | undefined;
  readonly readonly?: boolean | undefined;
  readonly noOutput?: boolean | undefined;
}

/** A secret of the client: a file at `target`, a variable named `env`, or both. */
export interface SecretMountOption {
  readonly kind: 'secret';
  readonly id: string;
  /** `/run/secrets/<id>` if both `target` and `env` are left out. */
  readonly target?: string | undefined;
  readonly env?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** 0o400 if left out. */
  readonly mode?: number | undefined;
  readonly optional?: boolean | undefined;
}

/** The client's ssh agent as a socket. */
export interface SshMountOption {
  readonly kind: 'ssh';
  readonly id?: string | undefined;
  /** `/run/buildkit/ssh_agent.<n>` if left out. */
  readonly target?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** 0o600 if left out. */
  readonly mode?: number | undefined;
  readonly optional?: boolean | undefined;
}
