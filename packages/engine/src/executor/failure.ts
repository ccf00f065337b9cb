import type { FailureKind } from '../std/failed.ts';

/** What can go wrong with a container. Messages about a process begin as BuildKit's: `process "…" did not complete successfully`. */
export type ExecutorFailure =
  /** It ended with a code that is not valid, or its program could not be run (code 1, as runc has it). */
  | (FailureKind & {
      readonly kind: 'process-exit';
      readonly process: string;
      readonly code: number;
      /** False where there is no such program. */
      readonly ran?: boolean;
    })
  /** It, or a process it started, was killed: memory ran out, or something killed the runtime. */
  | (FailureKind & {
      readonly kind: 'process-killed';
      readonly process: string;
      readonly outOfMemory: boolean;
      /** The memory that it was allowed, in bytes. */
      readonly limit?: number;
      readonly signal?: NodeJS.Signals;
    })
  /** The user or group is in no /etc/passwd or /etc/group of the container. */
  | (FailureKind & { readonly kind: 'user-unknown'; readonly user: string })
  /** Another architecture, and nothing here that emulates it. */
  | (FailureKind & { readonly kind: 'platform-unsupported'; readonly platform: string })
  /** The network asked for cannot be made on this machine. */
  | (FailureKind & { readonly kind: 'network-unavailable' })
  /** The system refused what takes root. */
  | (FailureKind & { readonly kind: 'unprivileged' })
  /** There is no runc or crun. */
  | (FailureKind & { readonly kind: 'runtime-missing' })
  /** The runtime could not make or start the container. */
  | (FailureKind & { readonly kind: 'runtime' });
