export type CauseKind =
  | 'file'
  | 'ignore'
  | 'argument'
  | 'variable'
  | 'base'
  | 'source'
  | 'platform'
  | 'target'
  | 'instruction'
  | 'mount'
  | 'part'
  | 'config';

/** One thing that is not as it was. */
export interface Cause {
  readonly kind: CauseKind;
  /** `src/db.ts`, `ARG V`, `Dockerfile:3`. */
  readonly what: string;
  /** `content 3f2a→9c01`, `1→2`. */
  readonly how: string;
  /** Where the other value is from. */
  readonly from?: string;
  /** Index of the first step that differs by it; absent for what no step depends on. */
  readonly step?: number;
  /** What would have kept it from counting, where that is certain. */
  readonly hint?: string;
}
