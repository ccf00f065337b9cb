// The part of OCI's runtime spec (config.json) that is written here:
// https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config-linux.md

import type { SeccompProfile } from './seccomp.ts';

export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: {
    readonly terminal: boolean;
    readonly user: {
      readonly uid: number;
      readonly gid: number;
      readonly umask: number;
      readonly additionalGids: readonly number[];
    };
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly capabilities: CapabilitySets;
    /** A negative number is no limit; `specText` writes it as the largest 64-bit one. */
    readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
    readonly noNewPrivileges: false;
  };
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly SpecMount[];
  /** Programs of the host that the runtime runs at points of the container's life. */
  readonly hooks?: {
    readonly [N in HookName]?: readonly {
      readonly path: string;
      readonly args?: readonly string[];
      readonly env?: readonly string[];
      readonly timeout?: number;
    }[];
  };
  readonly linux: {
    readonly cgroupsPath?: string;
    readonly resources: LinuxResources;
    readonly namespaces: readonly Namespace[];
    /** Of the user namespace, if there is one. */
    readonly uidMappings?: readonly IdMapping[];
    readonly gidMappings?: readonly IdMapping[];
    readonly devices?: readonly Device[];
    readonly seccomp?: SeccompProfile;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

export type HookName = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop';

export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface Namespace {
  readonly type: 'pid' | 'ipc' | 'uts' | 'mount' | 'network' | 'cgroup' | 'user';
  /** Joins an existing one. */
  readonly path?: string;
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface CapabilitySets {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface LinuxResources {
  readonly devices: readonly {
    readonly allow: boolean;
    readonly type?: 'b' | 'c';
    readonly major?: number;
    readonly minor?: number;
    readonly access: string;
  }[];
  readonly memory?: { readonly limit?: number; readonly swap?: number };
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
}

export interface Device {
  readonly path: string;
  /** A block device, a character device, or a pipe. */
  readonly type: 'b' | 'c' | 'p';
  readonly major: number;
  readonly minor: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}
