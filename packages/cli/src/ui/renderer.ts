import type { RunEvent } from '@monokit/engine';
import type { RunFacts } from './facts.ts';

/** Shows a run. Each way of showing (tty, plain, json, quiet) is a sibling file with a function that opens one. */
export interface Renderer extends Disposable {
  report(event: RunEvent): void;
  /** The last words: failures once more, and the summary. Disposing without them leaves the terminal as it was. */
  finish(end: RunEnd): void;
}

export interface RunEnd {
  readonly code: number;
  readonly endedAt: number;
  /** `timed out after 30m`, where that ended it. */
  readonly timedOut?: string;
}

export interface Screen {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

export interface About {
  /** Of this program. */
  readonly version: string;
  /** The workspace's configuration, as people would type it. */
  readonly config?: string;
  /** `linux/amd64`, of all images together. */
  readonly platforms: readonly string[];
}

/** What all renderers are told before anything happens. */
export interface RunStart {
  readonly ids: readonly string[];
  /** Milliseconds since the epoch: when the process began. */
  readonly startedAt: number;
  readonly verbose: boolean;
  /** Folder that Dockerfiles' names are relative to, by image. */
  readonly folders: ReadonlyMap<string, string>;
  /** The command line that builds these images again; undefined if it is the one that was typed. */
  retry(images: readonly string[]): string | undefined;
  /** The first name of each image that has one. */
  readonly names?: ReadonlyMap<string, string>;
  /** The workspace's root, or where somebody built a folder: files below are told from there; absolute without. */
  readonly root?: string;
  /** For the first line. */
  readonly about?: About;
  /** What others know of this run, now or later. */
  readonly facts?: RunFacts;
}
