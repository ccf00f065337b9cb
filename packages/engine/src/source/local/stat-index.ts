// Digests of files by what lstat said of them, so that what did not change need not be read again. One record holds a
// folder: its entries' names, numbers and digests, in the order of the names.

import type { Digest } from '../../oci/digest.ts';
import type { BytePath } from '../../std/byte-path.ts';
import { isSettled } from '../../std/settled.ts';
import { column, width } from './rows.ts';

/** Where records are kept: the engine's index, or anything that keeps bytes by a key. */
export interface StatIndex {
  table<V>(name: string): StatTable<V>;
  /** Keeps what `body` puts, all of it or nothing. */
  write<T>(body: () => T): Promise<T>;
}

export interface StatTable<V> {
  get(key: string): V | undefined;
  put(key: string, value: V): void;
}

/** What is known of one folder's entries. */
export class FolderDigests {
  #recorded: Recorded;
  /** Learnt since; undefined is not known any more. */
  readonly #learnt = new Map<BytePath, Learnt | undefined>();
  /** Where the last name was found: names are asked for in their order. */
  #cursor = 0;
  /** All recorded digests: one conversion is cheaper than one an entry. */
  #hex: string | undefined;

  constructor(record?: Uint8Array) {
    this.#recorded = (record && decode(record)) ?? nothing;
  }

  /** Whether there is something to be written down. */
  get dirty(): boolean {
    return this.#learnt.size > 0;
  }

  /** The digest of an entry that is the same as when it was hashed. */
  get(name: BytePath, numbers: Float64Array, row: number): Digest | undefined {
    const at = row * width;
    if (this.#learnt.has(name)) {
      const learnt = this.#learnt.get(name);
      return learnt && kept.every((from, i) => learnt.values[i] === numbers[at + from]) ? learnt.digest : undefined;
    }
    const { numbers: known, digests } = this.#recorded;
    const entry = this.#find(name);
    if (entry < 0) return undefined;
    for (let i = 0; i < kept.length; i++) {
      if (known[entry * kept.length + i] !== numbers[at + kept[i]!]) return undefined;
    }
    const hex = (this.#hex ??= digests.toString('hex'));
    return `sha256:${hex.slice(entry * 2 * digestBytes, (entry + 1) * 2 * digestBytes)}`;
  }

  /**
   * Remembers a digest of an entry that was looked at from `since` on (milliseconds since the epoch). An entry that may
   * have been written again within the same tick of the clock, after it was read, is not remembered.
   */
  put(name: BytePath, { numbers, row, digest, since }: Entry): void {
    const at = row * width;
    const ctime = numbers[at + column.ctime]!;
    const values = kept.map((from) => numbers[at + from]!);
    this.#learnt.set(name, isSettled(ctime, since) ? { values, digest } : undefined);
  }

  /** The record to be written down now over the `old` one, without the entries that `exists` denies. */
  take(old: Uint8Array | undefined, exists: (name: BytePath) => boolean): Uint8Array {
    const { names, numbers, digests } = (old && decode(old)) ?? nothing;
    const entries: { readonly name: BytePath; readonly values: ArrayLike<number>; readonly digest: Uint8Array }[] = [];
    for (const [i, name] of names.entries()) {
      if (this.#learnt.has(name) || !exists(name)) continue;
      const values = numbers.subarray(i * kept.length, (i + 1) * kept.length);
      entries.push({ name, values, digest: digests.subarray(i * digestBytes, (i + 1) * digestBytes) });
    }
    for (const [name, learnt] of this.#learnt) {
      if (!learnt || !exists(name)) continue;
      const digest = Buffer.from(learnt.digest.slice('sha256:'.length), 'hex');
      entries.push({ name, values: learnt.values, digest });
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const text = Buffer.from(entries.map(({ name }) => name).join('\0'), 'latin1');
    const record = Buffer.alloc(headBytes + entries.length * (numberBytes + digestBytes) + text.length);
    record.writeUInt32LE(version, 0);
    record.writeUInt32LE(entries.length, 4);
    let at = headBytes;
    for (const { values } of entries) {
      for (let i = 0; i < kept.length; i++) at = record.writeDoubleLE(values[i]!, at);
    }
    for (const { digest } of entries) {
      record.set(digest, at);
      at += digestBytes;
    }
    record.set(text, at);
    this.#recorded = decode(record) ?? nothing;
    this.#learnt.clear();
    this.#cursor = 0;
    this.#hex = undefined;
    return record;
  }

  /** Index of a name in the record, -1 where it is not. */
  #find(name: BytePath): number {
    const { names } = this.#recorded;
    if (this.#cursor > 0 && names[this.#cursor - 1]! >= name) this.#cursor = 0;
    while (this.#cursor < names.length && names[this.#cursor]! < name) this.#cursor++;
    return names[this.#cursor] === name ? this.#cursor++ : -1;
  }
}

export interface Entry {
  readonly numbers: Float64Array;
  readonly row: number;
  readonly digest: Digest;
  readonly since: number;
}

/** A record as it lies in the index, in the order of the names. */
interface Recorded {
  readonly names: readonly BytePath[];
  readonly numbers: Float64Array;
  readonly digests: Buffer;
}

interface Learnt {
  readonly values: readonly number[];
  readonly digest: Digest;
}

const nothing: Recorded = { names: [], numbers: new Float64Array(), digests: Buffer.alloc(0) };

function decode(record: Uint8Array): Recorded | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== version) return undefined;
  const count = bytes.readUInt32LE(4);
  const digestsAt = headBytes + count * numberBytes;
  const namesAt = digestsAt + count * digestBytes;
  if (count === 0 || bytes.length < namesAt) return undefined;
  return {
    // Doubles have to be aligned to be looked at in place.
    numbers: new Float64Array(bytes.buffer.slice(bytes.byteOffset + headBytes, bytes.byteOffset + digestsAt)),
    digests: bytes.subarray(digestsAt, namesAt),
    names: bytes.toString('latin1', namesAt).split('\0'),
  };
}

/** The columns that tell whether an entry changed. */
const kept = [column.mode, column.ino, column.size, column.mtime, column.ctime, column.dev];
const headBytes = 8;
const numberBytes = kept.length * 8;
const digestBytes = 32;
/** Of the record's layout, and of what the digests are digests of. */
const version = 1;
