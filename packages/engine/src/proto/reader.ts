import { isUtf8 } from 'node:buffer';
import { Failed } from '../std/failed.ts';
import type { ProtoFailure } from './failure.ts';

/** Reads one message of type `T`. */
export type Read<T> = (reader: Reader) => T;

/** Messages may nest this deep; what nests deeper is refused. */
const maxDepth = 100;

/**
 * Reads the fields of one message in the order in which they stand:
 *
 *     while (reader.next()) {
 *       switch (reader.field) {
 *         case 1:
 *           name = reader.string();
 *       }
 *     }
 *
 * A field whose value nobody read is skipped by the next `next()`, so unknown fields need no care. What is not well
 * formed (a length past the end, a varint of more than 64 bits, text that is not UTF-8, a known field with another wire
 * type, nesting beyond 100) throws `Failed` with kind `proto-malformed`.
 */
export class Reader {
  /** Number of the field that `next()` found. */
  field = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #depth: number;
  #at: number;
  #wire = 0;
  #unread = false;
  #low = 0;
  #high = 0;

  /** Reads `bytes`, or the part of them from `at` to before `end`. */
  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length, depth = 0) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = end;
    this.#depth = depth;
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#unread) this.#skip(this.#wire, this.field);
    if (this.#at >= this.#end) return false;
    this.#varint();
    const field = this.#low >>> 3;
    if (this.#high !== 0 || field === 0) throw malformed('a field number out of range');
    this.field = field;
    this.#wire = this.#low & 7;
    this.#unread = true;
    return true;
  }

  bool(): boolean {
    this.#take(0);
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  int32(): number {
    this.#take(0);
    this.#varint();
    return this.#low | 0;
  }

  uint32(): number {
    this.#take(0);
    this.#varint();
    return this.#low >>> 0;
  }

  /** An int64 that is to fit a JavaScript number exactly; one that doesn't is refused. */
  int64(): number {
    this.#take(0);
    this.#varint();
    return this.#safe((this.#high | 0) * 0x1_0000_0000 + (this.#low >>> 0));
  }

  /** A uint64 that is to fit a JavaScript number exactly; one that doesn't is refused. */
  uint64(): number {
    this.#take(0);
    this.#varint();
    return this.#safe((this.#high >>> 0) * 0x1_0000_0000 + (this.#low >>> 0));
  }

  bigint64(): bigint {
    this.#take(0);
    this.#varint();
    return (BigInt(this.#high | 0) << 32n) | BigInt(this.#low >>> 0);
  }

  double(): number {
    this.#take(1);
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  string(): string {
    this.#take(2);
    const length = this.#length();
    const start = this.#advance(length);
    const end = start + length;
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) if (bytes[i]! > 0x7f) return this.#text(start, end);
    return bytes.toString('latin1', start, end);
  }

  /** A view of the bytes, not a copy. */
  bytes(): Uint8Array {
    this.#take(2);
    const length = this.#length();
    const start = this.#advance(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  message<T>(read: Read<T>): T {
    this.#take(2);
    const length = this.#length();
    if (this.#depth >= maxDepth) throw malformed(`messages nest deeper than ${maxDepth}`);
    const start = this.#advance(length);
    return read(new Reader(this.#bytes, start, start + length, this.#depth + 1));
  }

  /** One element, or a packed run of them, of a repeated varint; call it for every occurrence of the field. */
  int64s(into: number[]): void {
    this.#varints(into, () => this.#safe((this.#high | 0) * 0x1_0000_0000 + (this.#low >>> 0)));
  }

  int32s(into: number[]): void {
    this.#varints(into, () => this.#low | 0);
  }

  /** An entry of a map with string keys; `read` reads field 2. What is missing in the entry is '' or `absent`. */
  entry<T>(into: Map<string, T>, read: (reader: Reader) => T, absent: () => T): void {
    this.message((entry) => {
      let key = '';
      let value: T | undefined;
      while (entry.next()) {
        if (entry.field === 1) key = entry.string();
        else if (entry.field === 2) value = read(entry);
      }
      into.set(key, value === undefined ? absent() : value);
    });
  }

  stringEntry(into: Map<string, string>): void {
    this.entry(into, readString, emptyString);
  }

  #varints(into: number[], value: () => number): void {
    if (this.#wire === 0) {
      this.#take(0);
      this.#varint();
      into.push(value());
      return;
    }
    this.#take(2);
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#end) throw malformed('a length past the end');
    while (this.#at < end) {
      this.#varint();
      into.push(value());
    }
    if (this.#at !== end) throw malformed('packed numbers past their length');
  }

  #take(wire: number): void {
    if (this.#wire !== wire) {
      throw malformed(`field ${this.field} has wire type ${this.#wire}, not ${wire}`);
    }
    this.#unread = false;
  }

  /** Reads a varint into `#low` and `#high`, 32 bits each. */
  #varint(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= this.#end) throw malformed('a number that is cut off');
      const byte = bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (shift === 63 && byte > 1) throw malformed('a number of more than 64 bits');
      if (byte < 0x80) break;
    }
    this.#at = at;
    this.#low = low;
    this.#high = high;
  }

  #length(): number {
    this.#varint();
    if (this.#high !== 0) throw malformed('a length past the end');
    return this.#low >>> 0;
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw malformed('a length past the end');
    this.#at = start + length;
    return start;
  }

  #text(start: number, end: number): string {
    if (!isUtf8(this.#bytes.subarray(start, end))) throw malformed(`field ${this.field} is not UTF-8`);
    return this.#bytes.toString('utf8', start, end);
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) throw malformed(`field ${this.field} is beyond 2^53`);
    return value;
  }

  #skip(wire: number, field: number): void {
    this.#unread = false;
    switch (wire) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.#advance(this.#length());
        return;
      case 5:
        this.#advance(4);
        return;
      case 3:
        this.#skipGroup(field);
        return;
      default:
        throw malformed(`wire type ${wire} does not exist here`);
    }
  }

  /** Groups are proto2's; nobody sends them, but an unknown field may be one. */
  #skipGroup(field: number): void {
    const open = [field];
    while (open.length > 0) {
      this.#varint();
      const [wire, inner] = [this.#low & 7, this.#low >>> 3];
      if (this.#high !== 0 || inner === 0) throw malformed('a field number out of range');
      if (wire === 3) {
        if (this.#depth + open.length >= maxDepth) throw malformed(`messages nest deeper than ${maxDepth}`);
        open.push(inner);
      } else if (wire === 4) {
        if (open.pop() !== inner) throw malformed('a group that another one ends');
      } else this.#skip(wire, inner);
    }
  }
}

/** Reads bytes as one message. */
export function decode<T>(bytes: Uint8Array, read: Read<T>): T {
  return read(new Reader(bytes));
}

function readString(reader: Reader): string {
  return reader.string();
}

function emptyString(): string {
  return '';
}

function malformed(what: string): Failed<ProtoFailure> {
  return new Failed<ProtoFailure>({ kind: 'proto-malformed', message: `not a well-formed protobuf message: ${what}` });
}
