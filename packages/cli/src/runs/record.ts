// What a run leaves behind: one file of JSON, and its logs in a file beside it. Nothing in it is a secret, and nothing of
// it is needed to build.

import type { Digest, SourcePlace } from '@monokit/engine';

/** Raised when a field changes its meaning or goes; more fields may come without. */
export const recordVersion = 1;

/** One run of `build`, `release`, or one round of a watch. Times are milliseconds since the epoch. */
export interface RunRecord {
  readonly version: typeof recordVersion;
  /** Sorts by the time when it began (run-id.ts). */
  readonly id: string;
  /** The words after `cli`, without values that may be secret. */
  readonly command: readonly string[];
  /** Folder that the runs are kept together for: the workspace's, or where somebody built a folder. */
  readonly root: string;
  /** Ids of the images that the command line meant. */
  readonly selection: readonly string[];
  readonly startedAt: number;
  /** Both are absent while it runs, and for ever where it was killed. */
  readonly endedAt?: number;
  /** The exit code: 0 done, 1 an image failed, 129, 130 or 143 stopped by a signal, or by newer changes in a watch. */
  readonly code?: number;
  /** `timed out after 30m`, where that ended it. */
  readonly timedOut?: string;
  /** Version of this program. */
  readonly monokit: string;
  readonly machine: { readonly cpus: number; readonly memory: number; readonly platform: string };
  readonly git?: RecordedGit;
  readonly images: readonly RecordedImage[];
  /** Inputs before what reads them. */
  readonly steps: readonly RecordedStep[];
  readonly failures: readonly RecordedFailure[];
  readonly warnings: readonly RecordedWarning[];
  /** Set where the log could not be written to its end. */
  readonly logError?: string;
}

export interface RecordedGit {
  readonly commit: string;
  /** Absent where a commit is checked out. */
  readonly branch?: string;
  /** Whether tracked files differ from it; absent where git did not say in time. */
  readonly dirty?: boolean;
}

export interface RecordedImage {
  readonly id: string;
  /**
   * `blocked`: an image that it needs was not built. `cancelled`: given up, because another one failed or the run was
   * stopped.
   */
  readonly status: 'built' | 'cached' | 'failed' | 'blocked' | 'cancelled';
  /** Of a blocked one: the image that it is built from or depends on, which failed or is blocked itself. */
  readonly because?: string;
  readonly digest?: string;
  /** Bytes of all layers as exported. */
  readonly size?: number;
  /** When the first step that it wants was started. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: string;
}

export type StepStatus =
  /** Its result was found in a cache. */
  | 'cached'
  | 'run'
  | 'failed'
  /** Stopped, or never begun because the run ended before. */
  | 'cancelled'
  /** Nothing asked for it: what reads it was there already. */
  | 'needless';

export interface RecordedStep {
  readonly vertex: Digest;
  readonly name: string;
  /** The image whose Dockerfile it is from, else the first that wants it; absent for what is in no image's graph. */
  readonly image?: string;
  readonly wantedBy: readonly string[];
  /** How many images need it, where one image counts once for each of its platforms. */
  readonly uses: number;
  readonly inputs: readonly Digest[];
  readonly source?: SourcePlace;
  readonly status: StepStatus;
  /** Of one that is `cached`, where that is known. */
  readonly from?: 'local' | 'remote';
  /** The last start, where it was tried again. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Milliseconds for which it was ready and did not run: it stood in line, or another process was at the same work. */
  readonly waited?: number;
  /** How often it was started again after it had failed. */
  readonly retries?: number;
  /** Bytes of the files in the layers that it made, uncompressed. */
  readonly made?: number;
  readonly peakMemory?: number;
  /** Milliseconds that its process had on processors. */
  readonly cpuTime?: number;
  readonly log?: RecordedLog;
}

/** Where a step's log is in the run's log file. Steps that ran at the same time lie between one another there. */
export interface RecordedLog {
  readonly pieces: readonly (readonly [offset: number, length: number])[];
  readonly length: number;
  /** An unfinished last line included. */
  readonly lines: number;
}

export interface RecordedFailure {
  /** Whose own it is; at least one. */
  readonly images: readonly string[];
  /** Images that need those: they are built from them, or depend on them. */
  readonly blocked: readonly string[];
  readonly step?: Digest;
  readonly message: string;
  /** The messages of what lies behind it. */
  readonly because: readonly string[];
  readonly exitCode?: number;
  readonly place?: { readonly path: string; readonly lines: readonly [number, number] };
  /** The lines around that place, as they were. */
  readonly excerpt?: string;
}

export interface RecordedWarning {
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line?: number;
}
