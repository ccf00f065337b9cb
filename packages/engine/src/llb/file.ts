import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { decodeAction, encodeAction, type FileAction } from './file-action.ts';
import { invalid } from './invalid.ts';
import type { OpCommon } from './op.ts';

/** Changes files without running anything. */
export interface FileOp extends OpCommon {
  readonly kind: 'file';
  readonly actions: readonly FileAction[];
}

export function encodeFile(writer: Writer, op: FileOp): void {
  writer.messages(2, op.actions, encodeAction);
}

export function decodeFile(reader: Reader, common: OpCommon): FileOp {
  const actions: FileAction[] = [];
  while (reader.next()) if (reader.field === 2) actions.push(reader.message(decodeAction));
  return { ...common, kind: 'file', actions };
}

/** What a file op needs beyond being readable. */
export function validateFile({ actions }: FileOp): void {
  if (actions.length === 0) throw invalid('a file op without actions');
}
