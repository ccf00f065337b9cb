import { digestOf, type Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { Reader } from '../proto/reader.ts';
import { encode, type Writer } from '../proto/writer.ts';
import { decodeBuild, encodeBuild, type BuildOp } from './build.ts';
import { decodeDiff, encodeDiff, type DiffOp } from './diff.ts';
import { decodeExec, encodeExec, type ExecOp } from './exec.ts';
import { decodeFile, encodeFile, type FileOp } from './file.ts';
import { invalid } from './invalid.ts';
import { decodeMerge, encodeMerge, type MergeOp } from './merge.ts';
import type { OpMetadata } from './metadata.ts';
import { decodePassthrough, encodePassthrough, type PassthroughOp } from './passthrough.ts';
import { decodePlatform, encodePlatform } from './platform.ts';
import { decodeSource, encodeSource, type SourceOp } from './source.ts';

/** One LLB operation as data: what BuildKit's `pb.Op` says. Never changed once made. */
export type Op = ExecOp | SourceOp | FileOp | MergeOp | DiffOp | BuildOp | PassthroughOp;

/** What every op has. */
export interface OpCommon {
  readonly inputs: readonly Edge[];
  readonly platform?: Platform;
  /** containerd-style filters for the worker; undefined and empty differ on the wire, not in meaning. */
  readonly workers?: readonly string[];
}

/** One output of a vertex. */
export interface Edge {
  /** Of the vertex' marshalled op. */
  readonly digest: Digest;
  readonly index: number;
}

/** A node of a loaded graph. */
export interface Vertex {
  /** Of the op as it was marshalled. */
  readonly digest: Digest;
  readonly op: Op;
  readonly metadata: OpMetadata;
  /** For people: the custom name, or one made from the op. */
  readonly name: string;
}

const encoded = new WeakMap<Op, { readonly bytes: Uint8Array; readonly digest: Digest }>();

/** The op as BuildKit's client marshals it, and the digest of that. Remembered for each op object. */
export function marshalOp(op: Op): { readonly bytes: Uint8Array; readonly digest: Digest } {
  let known = encoded.get(op);
  if (!known) {
    const bytes = encode(op, writeOp);
    known = { bytes, digest: digestOf(bytes) };
    encoded.set(op, known);
  }
  return known;
}

/** The last entry of a definition: no operation, only the edge that the definition is about. */
export function marshalTerminal(edge: Edge): Uint8Array {
  return encode(edge, (writer, edge) => writer.message(1, edge, writeEdge));
}

/** A marshalled op, or the terminal one. Throws `Failed` on what is neither. */
export function unmarshalOp(bytes: Uint8Array): Op | Terminal {
  const inputs: Edge[] = [];
  let platform: Platform | undefined;
  let workers: readonly string[] | undefined;
  let body: { readonly field: number; readonly reader: Reader } | undefined;
  const reader = new Reader(bytes);
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        inputs.push(reader.message(readEdge));
        break;
      case 10:
        platform = reader.message(decodePlatform);
        break;
      case 11:
        workers = reader.message(readWorkers);
        break;
      default:
        if (reader.field >= 2 && reader.field <= 8) body = { field: reader.field, reader: reader.message((r) => r) };
    }
  }
  const common = { inputs, ...(platform && { platform }), ...(workers && { workers }) };
  if (!body) return { kind: 'terminal', ...common };
  const decode = decoders[body.field]!;
  return decode(body.reader, common);
}

/** What `unmarshalOp` calls an entry without an operation. */
export interface Terminal extends OpCommon {
  readonly kind: 'terminal';
}

const decoders: { readonly [field: number]: (reader: Reader, common: OpCommon) => Op } = {
  2: decodeExec,
  3: decodeSource,
  4: decodeFile,
  5: decodeBuild,
  6: decodeMerge,
  7: decodeDiff,
  8: decodePassthrough,
};

/** Go writes a oneof after all other fields, whatever its number. */
function writeOp(writer: Writer, op: Op): void {
  writer.messages(1, op.inputs, writeEdge);
  writer.message(10, op.platform, encodePlatform);
  writer.message(11, op.workers, writeWorkers);
  switch (op.kind) {
    case 'exec':
      return writer.message(2, op, encodeExec);
    case 'source':
      return writer.message(3, op, encodeSource);
    case 'file':
      return writer.message(4, op, encodeFile);
    case 'build':
      return writer.message(5, op, encodeBuild);
    case 'merge':
      return writer.message(6, op, encodeMerge);
    case 'diff':
      return writer.message(7, op, encodeDiff);
    case 'passthrough':
      return writer.message(8, op, encodePassthrough);
  }
}

function writeEdge(writer: Writer, { digest, index }: Edge): void {
  writer.string(1, digest);
  writer.int(2, index);
}

function readEdge(reader: Reader): Edge {
  let [digest, index] = ['', 0];
  while (reader.next()) {
    if (reader.field === 1) digest = reader.string();
    else if (reader.field === 2) index = reader.int64();
  }
  if (index < 0) throw invalid(`an input with output index ${index}`);
  // Whether it is a digest shows when the op that it names is looked for.
  return { digest: digest as Digest, index };
}

function writeWorkers(writer: Writer, filters: readonly string[]): void {
  writer.strings(1, filters);
}

function readWorkers(reader: Reader): readonly string[] {
  const filters: string[] = [];
  while (reader.next()) if (reader.field === 1) filters.push(reader.string());
  return filters;
}
