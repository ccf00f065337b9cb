import type { RpcDetail, RpcFailure } from '../../../rpc/failure.ts';
import { statusOf, type RpcStatus } from '../../../rpc/status.ts';
import { failedOf } from '../../../std/failed.ts';
import { sourceDetail } from '../error-details.ts';

/** A place in a text that a frontend reads. Lines and columns count from 1; `end` is where it begins when left out. */
export interface TextPlace {
  readonly file: string;
  /** All of the text, so that clients can show the lines. */
  readonly text?: string;
  readonly line: number;
  readonly column?: number;
  readonly end?: { readonly line: number; readonly column?: number };
}

/** Something that is wrong in what people wrote, with its place: who builds is told `file:line:column`. */
export class FrontendError extends Error {
  override readonly name = 'FrontendError';
  readonly place: TextPlace | undefined;

  constructor(message: string, place?: TextPlace, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.place = place;
  }
}

/** An error as the engine is told of it. Details of what the engine itself failed with go back to it. */
export function errorStatus(error: unknown): RpcStatus {
  const { code, message, details } = statusOf(error);
  const known = failedOf(error, 'rpc') as { readonly failure: RpcFailure } | undefined;
  const all: RpcDetail[] = [...(known?.failure.details ?? details)];
  if (error instanceof FrontendError && error.place) {
    const { file, text, line, column = 1, end = { line, column } } = error.place;
    const ranges = [
      { start: { line, character: column - 1 }, end: { line: end.line, character: (end.column ?? 1) - 1 } },
    ];
    all.push(sourceDetail({ file, ranges, ...(text !== undefined && { text }) }));
  }
  return { code, message, details: all };
}
