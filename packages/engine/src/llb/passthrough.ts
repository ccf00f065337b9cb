import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { invalid } from './invalid.ts';
import type { OpCommon } from './op.ts';

/** Hands inputs on unchanged, once all of its inputs are there: order and identity without work. */
export interface PassthroughOp extends OpCommon {
  readonly kind: 'passthrough';
  readonly id: string;
  /** Output i is the input with index `outputs[i]`. */
  readonly outputs: readonly number[];
}

export function encodePassthrough(writer: Writer, op: PassthroughOp): void {
  writer.string(1, op.id);
  writer.packed(2, op.outputs);
}

export function decodePassthrough(reader: Reader, common: OpCommon): PassthroughOp {
  let id = '';
  const outputs: number[] = [];
  while (reader.next()) {
    if (reader.field === 1) id = reader.string();
    else if (reader.field === 2) reader.int64s(outputs);
  }
  return { ...common, kind: 'passthrough', id, outputs };
}

/** What a passthrough needs beyond being readable. */
export function validatePassthrough({ id, outputs, inputs }: PassthroughOp): void {
  if (id === '') throw invalid('a passthrough op without an id');
  if (outputs.length === 0) throw invalid('a passthrough op without outputs');
  for (const index of outputs) {
    if (index < 0 || index >= inputs.length) throw invalid(`a passthrough op whose output is input ${index}`);
  }
}
