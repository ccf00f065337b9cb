import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import type { OpCommon } from './op.ts';

/** Lays its inputs over each other, later ones on top, without copying. */
export interface MergeOp extends OpCommon {
  readonly kind: 'merge';
  /** Indexes into the inputs, from the bottom up. */
  readonly layers: readonly number[];
}

export function encodeMerge(writer: Writer, op: MergeOp): void {
  writer.messages(1, op.layers, writeIndex);
}

export function decodeMerge(reader: Reader, common: OpCommon): MergeOp {
  const layers: number[] = [];
  while (reader.next()) if (reader.field === 1) layers.push(reader.message(readIndex));
  return { ...common, kind: 'merge', layers };
}

/** A message that holds nothing but the index of an input. */
export function writeIndex(writer: Writer, index: number): void {
  writer.int(1, index);
}

export function readIndex(reader: Reader): number {
  let index = 0;
  while (reader.next()) if (reader.field === 1) index = reader.int64();
  return index;
}
