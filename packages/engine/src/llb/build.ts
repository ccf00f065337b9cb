import type { Reader } from '../proto/reader.ts';
import type { Writer } from '../proto/writer.ts';
import { decodeDefinition, encodeDefinition, type Definition } from './definition.ts';
import { readIndex, writeIndex } from './merge.ts';
import type { OpCommon } from './op.ts';

/** The only builder there is: the one that reads LLB. */
export const llbBuilder = -1;
/** Name of the input that holds the definition, and of the file in it unless `llbbuild.filename` says another. */
export const llbDefinitionInput = 'buildkit.llb.definition';

/** Builds the definition that a file of an input holds. */
export interface BuildOp extends OpCommon {
  readonly kind: 'build';
  /** Index of the input that builds; only `llbBuilder` exists. */
  readonly builder: number;
  /** Indexes into the inputs, by name. */
  readonly named: ReadonlyMap<string, number>;
  readonly definition?: Definition;
  readonly attrs: ReadonlyMap<string, string>;
}

export function encodeBuild(writer: Writer, op: BuildOp): void {
  writer.int(1, op.builder);
  writer.map(2, op.named, writeNamed);
  writer.message(3, op.definition, encodeDefinition);
  writer.stringMap(4, op.attrs);
}

export function decodeBuild(reader: Reader, common: OpCommon): BuildOp {
  let builder = 0;
  const named = new Map<string, number>();
  let definition: Definition | undefined;
  const attrs = new Map<string, string>();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        builder = reader.int64();
        break;
      case 2:
        reader.entry(named, readNamed, () => 0);
        break;
      case 3:
        definition = reader.message(decodeDefinition);
        break;
      case 4:
        reader.stringEntry(attrs);
        break;
    }
  }
  return { ...common, kind: 'build', builder, named, ...(definition && { definition }), attrs };
}

function writeNamed(writer: Writer, index: number): void {
  writer.message(2, index, writeIndex);
}

function readNamed(reader: Reader): number {
  return reader.message(readIndex);
}
