/** A place in a text file. Lines and columns count from 1; `end` is exclusive in columns and inclusive in lines. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A problem in what people wrote, with its place. Collected, so that people see all of them at once. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable name, e.g. a BuildKit lint rule (`StageNameCasing`) or `config/unknown-key`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it, e.g. `did you mean "platforms"?` */
  readonly hint?: string;
  /** A page that explains the rule. */
  readonly url?: string;
  readonly file: string;
  readonly range?: Range;
}
