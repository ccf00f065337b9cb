import type { State } from './state.ts';

/** A text that vertices came from, so that errors can show the lines. Made by `sourceMap`. */
export interface SourceMap {
  readonly filename: string;
  readonly data: Uint8Array;
  /** As GitHub's linguist names it, e.g. `Dockerfile`. */
  readonly language: string;
  /** Where the text itself can be had. */
  readonly state?: State;
  /** A place in this text. */
  at(...ranges: readonly SourceRange[]): SourceLocation;
}

/** Lines count from 1; characters count from 0. */
export interface SourceRange {
  readonly start: SourcePosition;
  readonly end: SourcePosition;
}

export interface SourcePosition {
  readonly line: number;
  readonly character: number;
}

/** Where a vertex was written. */
export interface SourceLocation {
  readonly map: SourceMap;
  readonly ranges: readonly SourceRange[];
}

export function sourceMap(options: {
  readonly filename: string;
  readonly data: Uint8Array | string;
  readonly language?: string;
  readonly state?: State;
}): SourceMap {
  const { filename, data, language = '', state } = options;
  const map: SourceMap = {
    filename,
    data: typeof data === 'string' ? Buffer.from(data) : data,
    language,
    ...(state && { state }),
    at: (...ranges) => ({ map, ranges }),
  };
  return map;
}
