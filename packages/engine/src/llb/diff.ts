import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { invalid } from './invalid.ts';
import { readIndex, writeIndex } from './merge.ts';
import type { OpCommon } from './op.ts';

/** What `upper` changes on `lower`, as a layer of its own. */
export interface DiffOp extends OpCommon {
  readonly kind: 'diff';
  /** Index into the inputs; -1 is scratch. */
  readonly lower: number;
  readonly upper: number;
}

export function encodeDiff(writer: Writer, op: DiffOp): void {
  writer.message(1, op.lower, writeIndex);
  writer.message(2, op.upper, writeIndex);
}

export function decodeDiff(reader: Reader, common: OpCommon): DiffOp {
  let lower: number | undefined;
  let upper: number | undefined;
  while (reader.next()) {
    if (reader.field === 1) lower = reader.message(readIndex);
    else if (reader.field === 2) upper = reader.message(readIndex);
  }
  if (lower === undefined || upper === undefined) throw invalid('a diff op without a lower or an upper side');
  return { ...common, kind: 'diff', lower, upper };
}
