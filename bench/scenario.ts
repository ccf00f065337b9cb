// What the scenarios are made of. A scenario is a project and a list of steps; a round runs the steps in order on an
// empty cache that has the base image only.

import { busyboxLayout } from '../test/rig/bases.ts';
import type { Sizes } from './sizes.ts';

export type ScenarioId = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6';

export interface Scenario {
  readonly id: ScenarioId;
  readonly title: string;
  /** Writes the project's files. */
  readonly write: (dir: string) => void;
  readonly steps: readonly Step[];
  /**
   * It makes so many files that they stay until all is measured: for half a minute after many were deleted, ext4 takes
   * ten times as long to make a file.
   */
  readonly manyFiles?: boolean;
  /** Its steps push: `{registry}` in a command line is a place in one, empty for each subject in each round. */
  readonly registry?: boolean;
}

export interface Step {
  readonly name: string;
  /** Changes the project before the step, not timed. */
  readonly before?: (dir: string) => void;
  /** The command line after `cli`. */
  readonly ours: readonly string[];
  /** What docker is asked for; undefined where it has no such thing. */
  readonly docker?: DockerWork;
  /** How often in a round; more than once for what leaves all as it was. */
  readonly times?: number;
  /** The time is told as that of one of so many. */
  readonly per?: number;
  /** Goal in seconds, of one where `per` says so. */
  readonly goal?: number;
}

/** `build` of the project's folder, or of several Dockerfiles in it, four at a time; what was built saved or pushed. */
export type DockerWork =
  | { readonly kind: 'build' | 'save' | 'push' }
  | { readonly kind: 'build-all'; readonly dockerfiles: readonly string[] };

export type MakeScenario = (sizes: Sizes) => readonly Scenario[];

/** The command line that builds the project's folder. */
export function buildFolder(...flags: readonly string[]): readonly string[] {
  return ['build', '--build-context', `busybox=oci-layout://${busyboxLayout()}`, ...flags, '.'];
}
