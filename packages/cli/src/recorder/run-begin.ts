import type { SolveRequest } from '@monokit/engine';
import type { RunRecord } from '../runs/record.ts';

/** What is known of a run before anything happens. */
export interface RunBegin {
  /** Where its workspace's runs are (runs-folder.ts). */
  readonly path: string;
  /** The words after `cli`. */
  readonly command: readonly string[];
  readonly root: string;
  /** What is built, those that only others need included. */
  readonly requests: readonly Pick<SolveRequest, 'id' | 'source'>[];
  /** Ids that the command line means; all of `requests` when left out. */
  readonly selection?: readonly string[];
  /** Folder that Dockerfiles' names are relative to, by image. */
  readonly folders: ReadonlyMap<string, string>;
  readonly startedAt: number;
  /** The cache folder, where it was typed. */
  readonly cacheDir?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly monokit: string;
  /** The cache folder. */
  readonly cache: string;
  /** Whether a run is kept in which nothing had to be done. */
  readonly keeps: 'every' | 'worked';
  /** The run's: tells at its end whether somebody stopped it. */
  readonly signal: AbortSignal;
  /** Gets the record once it is written. */
  written?(record: RunRecord, path: string): Promise<void>;
  /** Told, once, if nothing can be kept: a run is what it is, whoever could not write it down. */
  warn(message: string): void;
}
