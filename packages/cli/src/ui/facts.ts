// What other rooms know of a run beside its events, and where it is shown. One renderer's line asks for it when it is
// written, so that it may come to be known while the run goes on; nothing is shown of what is left out or undefined.
// The words are made here in ui: facts are numbers, ids and names.

import type { Digest } from '@monokit/engine';

export interface RunFacts {
  /** Below the first line: `plan   0 cached, 107 to run · ~2m10s on 2 cores · pulling 3 bases (84.2 MiB)`. */
  readonly plan?: () => Planned | undefined;
  /** How long the rest of the run will take, in milliseconds: in the last line of the live region. */
  readonly remaining?: (now: number) => number | undefined;
  /** Why an image is built again, on its line: `src/db.ts → [7/9] COPY src/`. */
  readonly cause?: (image: string) => Cause | undefined;
  /** What an image was before this run: then its line tells what was added, `+14.2 KiB`, or `digest kept`. */
  readonly before?: (image: string) => Before | undefined;
  /** In a failure, behind `changed since last good build:`: files and the like, those that matter most first. */
  readonly suspects?: (images: readonly string[], step: Digest | undefined) => readonly string[] | undefined;
  /** In a failure, behind `debug:`: the command that enters the failed step. */
  readonly shell?: (step: Digest) => string | undefined;
  /** In a failure, behind `explain:`: the command that says why the image was built. */
  readonly explain?: (image: string) => string | undefined;
  /** In a failure, where not all lines are shown: the command that prints what a step wrote. */
  readonly logs?: (step: Digest) => string | undefined;
  /** In the row `Time:` of the summary: `critical path 1m31s: base → web#build → web · recoverable 22s`. */
  readonly times?: () => Times | undefined;
  /** The row `Run:` of the summary. */
  readonly record?: () => Recorded | undefined;
}

export interface Planned {
  readonly cached: number;
  readonly run: number;
  /** Steps of which it can't be told before others have run. */
  readonly unknown?: number;
  /** Expected, in milliseconds. */
  readonly duration?: number;
  readonly cpus?: number;
  /** What will be pulled. */
  readonly pulls?: { readonly bases: number; readonly bytes?: number };
}

export interface Cause {
  /** `src/db.ts`, `ARG VERSION`, `base image`. */
  readonly what: string;
  /** The first step that differs. */
  readonly step?: string;
}

export interface Before {
  readonly digest?: string;
}

/** All in milliseconds. */
export interface Times {
  readonly critical?: { readonly duration: number; readonly path: readonly string[] };
  /** What better sharing of the machine could have spared. */
  readonly recoverable?: number;
  /** What the steps that did not run took when they last did: in the row `Cache:`. */
  readonly saved?: number;
}

export interface Recorded {
  readonly id: string;
  /** The record's file; the id leads to it where terminals know links. */
  readonly file?: string;
  /** Commands that go on from here. */
  readonly next?: readonly string[];
}
