import { Failed } from '../std/failed.ts';
import type { ProtoFailure } from './failure.ts';
import { compareUtf8 } from './utf8.ts';

/** Writes the fields of one message of type `T`, in the order in which they are to stand. */
export type Write<T> = (writer: Writer, value: T) => void;

/**
 * Writes protobuf messages as Go's deterministic marshaller does: what equals proto3's default is left out, maps are
 * sorted by key. Fields stand in the order of the calls, so callers write them by number and a oneof after all others
 * (Go's order). Methods that end in `Always` write defaults too, for the members of a oneof.
 */
export class Writer {
  #bytes: Buffer = Buffer.allocUnsafe(1024);
  #at = 0;

  /** A copy of what was written; the writer is empty after it. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.#at);
    out.set(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    return out;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0;
  }

  /** int32, int64, uint32, uint64 and enums; negative numbers take ten bytes, as protobuf wants it. */
  int(field: number, value: number | bigint | undefined): void {
    // oxlint-disable-next-line eqeqeq -- 0n == 0 on purpose
    if (value === undefined || value == 0) return;
    this.intAlways(field, value);
  }

  intAlways(field: number, value: number | bigint): void {
    this.#tag(field, 0);
    this.#varint(value);
  }

  bool(field: number, value: boolean | undefined): void {
    if (value) this.intAlways(field, 1);
  }

  double(field: number, value: number | undefined): void {
    if (value === undefined || Object.is(value, 0)) return;
    this.#tag(field, 1);
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  string(field: number, value: string | undefined): void {
    if (value !== undefined && value !== '') this.stringAlways(field, value);
  }

  stringAlways(field: number, value: string): void {
    this.#tag(field, 2);
    const length = value.length;
    // At most three bytes a UTF-16 unit, and five for the length before it.
    this.#room(length * 3 + 5);
    if (length < 64 && this.#ascii(value, length)) return;
    if (!value.isWellFormed()) {
      throw unwritable(`a string with lone surrogates can't be sent: ${JSON.stringify(value.slice(0, 60))}`);
    }
    this.#varint(Buffer.byteLength(value, 'utf8'));
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  strings(field: number, values: readonly string[] | undefined): void {
    if (values) for (const value of values) this.stringAlways(field, value);
  }

  bytes(field: number, value: Uint8Array | undefined): void {
    if (value !== undefined && value.length > 0) this.bytesAlways(field, value);
  }

  bytesAlways(field: number, value: Uint8Array): void {
    this.#tag(field, 2);
    this.#varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Packed repeated varints. */
  packed(field: number, values: readonly (number | bigint)[] | undefined): void {
    if (values === undefined || values.length === 0) return;
    const start = this.#open(field);
    for (const value of values) this.#varint(value);
    this.#close(start);
  }

  /** A nested message; written even when it is empty, left out when undefined. */
  message<T>(field: number, value: T | undefined, write: Write<T>): void {
    if (value === undefined) return;
    const start = this.#open(field);
    write(this, value);
    this.#close(start);
  }

  messages<T>(field: number, values: readonly T[] | undefined, write: Write<T>): void {
    if (values) for (const value of values) this.message(field, value, write);
  }

  /** A map with string keys, sorted by key; `write` writes the value as field 2. */
  map<T>(field: number, entries: Iterable<readonly [string, T]> | undefined, write: Write<T>): void {
    if (!entries) return;
    const sorted = [...entries];
    if (sorted.length > 1) sorted.sort(byKey);
    for (const [key, value] of sorted) {
      const start = this.#open(field);
      this.stringAlways(1, key);
      write(this, value);
      this.#close(start);
    }
  }

  stringMap(field: number, entries: Iterable<readonly [string, string]> | undefined): void {
    this.map(field, entries, writeStringValue);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): void {
    this.#room(10);
    const bytes = this.#bytes;
    let at = this.#at;
    if (typeof value === 'number' && value >= 0 && value < 0x80000000 && Number.isInteger(value)) {
      while (value > 0x7f) {
        bytes[at++] = (value & 0x7f) | 0x80;
        value >>>= 7;
      }
      bytes[at++] = value;
    } else if (value === -1) {
      bytes.fill(0xff, at, at + 9);
      at += 9;
      bytes[at++] = 1;
    } else {
      let rest = unsigned(value);
      while (rest > 0x7fn) {
        bytes[at++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      bytes[at++] = Number(rest);
    }
    this.#at = at;
  }

  /** Writes a short string with its length if all of it is ASCII; says whether it did. */
  #ascii(value: string, length: number): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + 1 + i] = code;
    }
    bytes[at] = length;
    this.#at = at + 1 + length;
    return true;
  }

  /** Starts something with a length before it, with one byte reserved for that length. */
  #open(field: number): number {
    this.#tag(field, 2);
    this.#room(1);
    return ++this.#at;
  }

  #close(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) more++;
    this.#room(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.#varint(length);
    this.#at = start + more + length;
  }

  #room(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

const idle: Writer[] = [];

/** The bytes of one message. */
export function encode<T>(value: T, write: Write<T>): Uint8Array {
  const writer = idle.pop() ?? new Writer();
  try {
    write(writer, value);
    return writer.finish();
  } finally {
    writer.reset();
    if (idle.length < 4) idle.push(writer);
  }
}

function unsigned(value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw unwritable(`${value} is not a whole number that fits the wire`);
  }
  const big = BigInt(value);
  if (big < -(1n << 63n) || big >= 1n << 64n) throw unwritable(`${big} does not fit 64 bits`);
  return BigInt.asUintN(64, big);
}

function writeStringValue(writer: Writer, value: string): void {
  writer.stringAlways(2, value);
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareUtf8(a[0], b[0]);
}

function unwritable(message: string): Failed<ProtoFailure> {
  return new Failed<ProtoFailure>({ kind: 'proto-unwritable', message });
}
