import type { Digest } from '../oci/digest.ts';
import { Reader } from '../proto/reader.ts';
import { encode, type Writer } from '../proto/writer.ts';
import { decodeMetadata, encodeMetadata, type OpMetadata } from './metadata.ts';
import { unmarshalOp } from './op.ts';
import { decodeSourceInfos, encodeSourceInfos, type DefinitionSource } from './source-info.ts';

/** A marshalled graph: BuildKit's `pb.Definition`. */
export interface Definition {
  /** Marshalled ops, inputs before what reads them; the last one is the terminal. Empty for scratch. */
  readonly ops: readonly Uint8Array[];
  /** By the digest of the op. */
  readonly metadata: ReadonlyMap<Digest, OpMetadata>;
  readonly source?: DefinitionSource;
}

/** The definition as a message. Deterministic, though BuildKit's own order of maps is not. */
export function marshalDefinition(definition: Definition): Uint8Array {
  return encode(definition, encodeDefinition);
}

/** Reads a message as a definition; `loadDefinition` then reads and checks its ops. */
export function unmarshalDefinition(bytes: Uint8Array): Definition {
  return decodeDefinition(new Reader(bytes));
}

/** The digest of the op that the definition is about; undefined for scratch. */
export function headOf(definition: Definition): Digest | undefined {
  const last = definition.ops.at(-1);
  return last && unmarshalOp(last).inputs[0]?.digest;
}

export function encodeDefinition(writer: Writer, definition: Definition): void {
  for (const op of definition.ops) writer.bytesAlways(1, op);
  writer.map(2, definition.metadata, writeMetadata);
  writer.message(3, definition.source, encodeSourceInfos);
}

export function decodeDefinition(reader: Reader): Definition {
  const ops: Uint8Array[] = [];
  const metadata = new Map<string, OpMetadata>();
  let source: DefinitionSource | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        ops.push(reader.bytes());
        break;
      case 2:
        reader.entry(metadata, readMetadata, noMetadata);
        break;
      case 3:
        source = reader.message(decodeSourceInfos);
        break;
    }
  }
  return { ops, metadata: metadata as Map<Digest, OpMetadata>, ...(source && { source }) };
}

function writeMetadata(writer: Writer, metadata: OpMetadata): void {
  writer.message(2, metadata, encodeMetadata);
}

function readMetadata(reader: Reader): OpMetadata {
  return reader.message(decodeMetadata);
}

function noMetadata(): OpMetadata {
  return { capabilities: new Set() };
}
