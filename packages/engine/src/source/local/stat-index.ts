// Digests of files by what lstat said of them, so that what did not change need not be read again. One record holds a
// folder: its entries' names, numbers and digests, in the order of the names.
import type { Digest } from '../../oci/digest.ts';
import type { BytePath } from '../../std/byte-path.ts';
import { column, width } from './rows.ts';

/** Where records are kept; a table of the index fits. `put` is called inside a write. */
export interface StatTable {
  get(key: string): Uint8Array | undefined;
  put(key: string, record: Uint8Array): void;
}

/** What is known of one folder's entries. */
export class FolderDigests {
  readonly #known: Map<BytePath, Known>;
  dirty = false;

  constructor(record?: Uint8Array) {
    this.#known = record ? decode(record) : new Map();
  }

  /** The digest of an entry that is the same as when it was hashed. */
  get(name: BytePath, numbers: Float64Array, row: number): Digest | undefined {
    const known = this.#known.get(name);
    const at = row * width;
    if (!known || kept.some((from, i) => known.numbers[known.at + i] !== numbers[at + from])) return undefined;
    return `sha256:${known.digests.toString('hex', known.digestAt, known.digestAt + digestBytes)}`;
  }

  /**
   * Remembers a digest of an entry that was looked at from `since` on (milliseconds since the epoch). An entry that may
   * have been written again within the same tick of the clock, after it was read, is not remembered.
   */
  put(name: BytePath, { numbers, row, digest, since }: Entry): void {
    const at = row * width;
    const ctime = numbers[at + column.ctime]!;
    const tick = ctime % 1000 === 0 ? coarseTick : fineTick;
    if (ctime + tick > since) this.#known.delete(name);
    else {
      const values = Float64Array.from(kept, (from) => numbers[at + from]!);
      this.#known.set(name, {
        numbers: values,
        at: 0,
        digests: Buffer.from(digest.slice('sha256:'.length), 'hex'),
        digestAt: 0,
      });
    }
    this.dirty = true;
  }

  /** The record, without the entries that `exists` denies. */
  encode(exists: (name: BytePath) => boolean): Uint8Array {
    const entries = [...this.#known].filter(([name]) => exists(name));
    const names = Buffer.from(entries.map(([name]) => name).join('\0'), 'latin1');
    const record = Buffer.allocUnsafe(headBytes + entries.length * (numberBytes + digestBytes) + names.length);
    record.writeUInt32LE(version, 0);
    record.writeUInt32LE(entries.length, 4);
    let at = headBytes;
    for (const [, { numbers, at: from }] of entries) {
      for (let i = 0; i < kept.length; i++) at = record.writeDoubleLE(numbers[from + i]!, at);
    }
    for (const [, { digests, digestAt }] of entries) at += digests.copy(record, at, digestAt, digestAt + digestBytes);
    names.copy(record, at);
    return record;
  }
}

export interface Entry {
  readonly numbers: Float64Array;
  readonly row: number;
  readonly digest: Digest;
  readonly since: number;
}

interface Known {
  readonly numbers: Float64Array;
  readonly at: number;
  readonly digests: Buffer;
  readonly digestAt: number;
}

function decode(record: Uint8Array): Map<BytePath, Known> {
  const known = new Map<BytePath, Known>();
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== version) return known;
  const count = bytes.readUInt32LE(4);
  const digestsAt = headBytes + count * numberBytes;
  const namesAt = digestsAt + count * digestBytes;
  if (count === 0 || bytes.length < namesAt) return known;
  // Doubles must be aligned to be looked at in place.
  const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset + headBytes, bytes.byteOffset + digestsAt));
  const names = bytes.toString('latin1', namesAt).split('\0');
  for (let i = 0; i < count; i++) {
    known.set(names[i]!, { numbers, at: i * kept.length, digests: bytes, digestAt: digestsAt + i * digestBytes });
  }
  return known;
}

/** The columns that tell whether an entry changed. */
const kept = [column.mode, column.ino, column.size, column.mtime, column.ctime, column.dev];
const headBytes = 8;
const numberBytes = kept.length * 8;
const digestBytes = 32;
/** Of the record's layout, and of what the digests are digests of. */
const version = 1;
/** Milliseconds: file systems with whole seconds (or two) show by their times; all others follow the kernel's tick. */
const coarseTick = 2000;
const fineTick = 50;
