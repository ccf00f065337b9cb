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

/** What a file op needs beyond being readable: actions that build on inputs and earlier actions, and outputs 0 to n. */
export function validateFile({ actions, inputs }: FileOp): void {
  if (actions.length === 0) throw invalid('a file op without actions');
  const outputs = new Set<number>();
  actions.forEach(({ input, secondaryInput, output }, i) => {
    for (const index of [input, secondaryInput]) {
      if (index < -1 || index >= inputs.length + i) throw invalid(`a file action that works on input ${index}`);
    }
    if (output === -1) return;
    if (output < 0 || outputs.has(output)) throw invalid(`a file op with an output ${output} too many`);
    outputs.add(output);
  });
  if (outputs.size === 0) throw invalid('a file op without outputs');
  for (let i = 0; i < outputs.size; i++) if (!outputs.has(i)) throw invalid(`a file op without output ${i}`);
}
