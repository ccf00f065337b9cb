// What the explorer's page is told, a line of JSON each. Types alone: the page shares them.

import type { Outlook } from '@monokit/engine';
import type { DetailedGraph } from '../graph/details.ts';
import type { Base } from './bases.ts';
import type { Rebuild } from './rebuild.ts';

export type Line = Converted | Outlooks | { readonly kind: 'error'; readonly message: string };

/** Told at once, and again when more is known of base images. */
export interface Converted {
  readonly kind: 'converted';
  readonly stages: readonly ShownStage[];
  /** Absent if the text can't be built; findings say why. */
  readonly graph?: DetailedGraph;
  readonly findings: readonly Finding[];
  readonly bases: readonly Base[];
  /** Against the file as it is on disk; absent where one of the two can't be built. */
  readonly rebuild?: Rebuild;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** What a build would do with each step, by digest. */
export interface Outlooks {
  readonly kind: 'outlooks';
  readonly outlooks: Readonly<Record<string, Outlook>>;
}

export interface ShownStage {
  /** Empty if it has none. */
  readonly name: string;
  readonly base: string;
  readonly platform?: string;
  readonly description?: string;
  /** First line of the stage, and its last. */
  readonly lines: readonly [number, number];
  readonly isDefault: boolean;
  /** How many steps of the graph it has; none if the target does not need it. */
  readonly steps: number;
}

/** Lines and columns count from 1; `end` of a whole line has no column. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly url?: string;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

export interface OpenedFile {
  readonly name: string;
  readonly path: string;
  readonly image: string;
  readonly text: string;
  readonly version: string;
  /** The stage that the command line asked for. */
  readonly target: string;
  readonly platforms: readonly string[];
}
