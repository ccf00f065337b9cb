// Reads tar archives of every kind that images have: V7, USTAR, PAX (also GNU's sparse records), GNU (long names, sparse
// files, numbers in base 256). Archives are hostile: every number is checked, and what describes an entry has a limit.

import type { BytePath } from '../std/byte-path.ts';
import { ByteReader } from './byte-reader.ts';
import type { EntryType } from './layer-tar.ts';
import { type Records, parseRecords, paxNumber, paxTime } from './pax.ts';
import { oldSparse, recordSparse, type Segment } from './sparse.ts';
import { broken, number, text, untilNul } from './tar-field.ts';

export interface TarEntry {
  readonly type: EntryType;
  /** As the archive has it: may climb, be absolute, or end in a slash. */
  readonly name: BytePath;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the file; a sparse one has fewer bytes in the archive. */
  readonly size: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  readonly link: BytePath;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: Readonly<Record<string, BytePath>>;
  /** Whether there are holes between the pieces of its content. */
  readonly sparse: boolean;
  /** The content in pieces, in order, each with its place in the file. To be read before the next entry, once or not at all. */
  content(): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }>;
}

/** Largest PAX header or long name, as in libarchive and Go. */
const mostDescription = 1 << 20;

const types: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'folder',
  '6': 'fifo',
};

/**
 * The entries of an archive. The stream is read to its end, also behind the archive's own, so that whoever computes its
 * digest meanwhile has all of it. Fails with `archive-invalid`.
 */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(bytes);
  try {
    for (;;) {
      const described = await nextHeader(reader);
      if (described === undefined) break;
      const { entry, stored } = await describe(reader, described);
      const body = new Body(reader, stored);
      yield { ...entry, content: () => body.pieces(entry.segments) };
      await body.end();
    }
    while ((await reader.some(1 << 20)).length > 0);
  } finally {
    await reader.close();
  }
}

/** Content as it lies in the archive: so many bytes, filled up to a whole block. */
class Body {
  readonly #reader: ByteReader;
  readonly #size: number;
  #left: number;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#size = size;
    this.#left = size;
  }

  async *pieces(segments: readonly Segment[]): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }> {
    for (const { offset, length } of segments) {
      for (let done = 0; done < length;) {
        const bytes = await this.#reader.some(length - done);
        if (bytes.length === 0) throw broken('it breaks off');
        this.#left -= bytes.length;
        yield { bytes, at: offset + done };
        done += bytes.length;
      }
    }
  }

  async end(): Promise<void> {
    const rest = this.#left + ((512 - (this.#size % 512)) % 512);
    const skipped = await this.#reader.skip(rest);
    // The last block may be cut short, as some writers leave it.
    if (skipped < this.#left) throw broken('it breaks off');
  }
}

interface Described {
  readonly block: Buffer;
  readonly records: Records;
}

/** The next entry's own block, with what came before to describe it. Undefined at the end of the archive. */
async function nextHeader(reader: ByteReader): Promise<Described | undefined> {
  let records: Records = {};
  let zeros = 0;
  for (;;) {
    const block = await reader.take(512);
    if (block.length === 0) return undefined;
    if (block.length < 512) throw broken('it breaks off');
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      if (++zeros === 2) return undefined;
      continue;
    }
    if (zeros > 0) throw broken('there is more after its end');
    checkSum(block);
    const type = String.fromCharCode(block[156]!);
    if (!'xgLK'.includes(type)) return { block: Buffer.from(block), records };
    const size = number(block, 124, 12);
    if (size < 0 || size > mostDescription) throw broken(`an entry's description takes ${size} bytes`);
    const padded = await reader.take(size + ((512 - (size % 512)) % 512));
    if (padded.length < size) throw broken('it breaks off');
    const data = padded.toString('latin1', 0, size);
    // Global records (g) are the archive's, not an entry's: containerd ignores them, too.
    if (type === 'x') records = { ...records, ...parseRecords(data) };
    else if (type === 'L') records = { ...records, path: untilNul(data) };
    else if (type === 'K') records = { ...records, linkpath: untilNul(data) };
  }
}

interface EntryData extends Omit<TarEntry, 'content'> {
  readonly segments: readonly Segment[];
}

/** All of an entry but its content, and how many bytes of content follow. */
async function describe(
  reader: ByteReader,
  { block, records }: Described,
): Promise<{ readonly entry: EntryData; readonly stored: number }> {
  const flag = String.fromCharCode(block[156]!);
  const header = fields(block, records);
  const folder = flag === '\0' && header.name.endsWith('/');
  const type = folder ? 'folder' : types[flag];
  if (type === undefined) throw broken(`an entry is of the unknown type ${JSON.stringify(flag)}`);
  const size = records.size === undefined ? number(block, 124, 12) : paxNumber(records.size);
  if (size < 0) throw broken('a size is negative');
  if (type !== 'file') {
    // These may claim a size; nothing follows them, as Go and GNU tar read it.
    return { entry: { ...header, type, size: 0, sparse: false, segments: [] }, stored: 0 };
  }
  const map = flag === 'S' ? await oldSparse(block, reader) : await recordSparse(records, { reader, size });
  if (map === undefined) {
    const segments = [{ offset: 0, length: size }];
    return { entry: { ...header, type, size, sparse: false, segments }, stored: size };
  }
  const stored = size - map.consumed;
  if (map.segments.reduce((sum, { length }) => sum + length, 0) !== stored) {
    throw broken('the parts of a sparse file are not what is there of it');
  }
  const name = map.name ?? header.name;
  return { entry: { ...header, name, type, size: map.size, sparse: true, segments: map.segments }, stored };
}

function fields(block: Buffer, records: Records): Omit<EntryData, 'type' | 'size' | 'sparse' | 'segments'> {
  const prefixed = block.toString('latin1', 257, 263) === 'ustar\0';
  const star = prefixed && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = prefixed ? text(block, 345, star ? 131 : 155) : '';
  const short = text(block, 0, 100);
  const name = records.path ?? (prefix === '' ? short : `${prefix}/${short}`);
  const link = records.linkpath ?? text(block, 157, 100);
  if (name.includes('\0') || link.includes('\0')) throw broken('a name holds a NUL byte');
  const xattrs: Record<string, BytePath> = {};
  for (const [key, value] of Object.entries(records)) {
    if (key.startsWith('SCHILY.xattr.')) xattrs[key.slice('SCHILY.xattr.'.length)] = value;
  }
  return {
    name,
    link,
    mode: number(block, 100, 8) & 0o7777,
    uid: records.uid === undefined ? number(block, 108, 8) : paxNumber(records.uid),
    gid: records.gid === undefined ? number(block, 116, 8) : paxNumber(records.gid),
    mtime: records.mtime === undefined ? BigInt(number(block, 136, 12)) * 1_000_000_000n : paxTime(records.mtime),
    major: number(block, 329, 8),
    minor: number(block, 337, 8),
    xattrs,
  };
}

/** The sum of a header's bytes, signed or not, with the sum's own field as spaces. */
function checkSum(block: Buffer): void {
  let [unsigned, signed] = [0, 0];
  for (let i = 0; i < 512; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : block[i]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const sum = Number.parseInt(text(block, 148, 8).trim(), 8);
  if (sum !== unsigned && sum !== signed) throw broken('a header is damaged, or it is no tar');
}
