/*
 * The door of the wire codec: protobuf without a library (docs/decisions/0002-own-wire-codec.md).
 *
 * A message is a TypeScript type with a `Write` and a `Read` function beside it; `encode` and `decode` run them. What
 * is written is what Go's deterministic marshaller writes, byte for byte, because LLB's digests hang on it.
 */

export { encode, Writer, type Write } from './writer.ts';
export { decode, Reader, type Read } from './reader.ts';
export { compareUtf8 } from './utf8.ts';
export type { ProtoFailure } from './failure.ts';
