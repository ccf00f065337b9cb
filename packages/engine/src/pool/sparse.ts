// GNU's sparse files: the archive holds a file's parts between its holes, and a map of where they belong. Four forms.

import type { ByteReader } from './byte-reader.ts';
import { paxNumber, type Records } from './pax.ts';
import { broken, number } from './tar-field.ts';

/** A part of a file that is there. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
}

export interface SparseMap {
  readonly segments: readonly Segment[];
  /** Of the file with its holes. */
  readonly size: number;
  /** The file's own name, where the header has a stand-in. */
  readonly name?: string;
  /** Bytes of the stored size that were the map. */
  readonly consumed: number;
}

/** Most parts of one file. */
const mostSegments = 1 << 20;

/** GNU's own format: the map is in the header and in blocks behind it that count for nothing. */
export async function oldSparse(header: Buffer, reader: ByteReader): Promise<SparseMap> {
  const segments: Segment[] = [];
  const collect = (block: Buffer, at: number, count: number) => {
    for (let i = 0; i < count; i++) {
      const place = at + i * 24;
      if (block[place] === 0) return;
      segments.push({ offset: number(block, place, 12), length: number(block, place + 12, 12) });
    }
  };
  collect(header, 386, 4);
  for (let more = header[482] !== 0; more;) {
    const block = await reader.take(512);
    if (block.length < 512 || segments.length > mostSegments) throw broken('the map of a sparse file is damaged');
    collect(block, 0, 21);
    more = block[504] !== 0;
  }
  return checked({ segments, size: number(header, 483, 12), consumed: 0 });
}

/** PAX records: the map is in them (0.0, 0.1), or in front of the content (1.0). Undefined: the file is not sparse. */
export async function recordSparse(
  records: Records,
  { reader, size: stored }: { readonly reader: ByteReader; readonly size: number },
): Promise<SparseMap | undefined> {
  const name = records['GNU.sparse.name'];
  const named = name === undefined ? {} : { name };
  if (records['GNU.sparse.major'] === '1' && records['GNU.sparse.minor'] === '0') {
    const size = paxNumber(records['GNU.sparse.realsize'] ?? '');
    const { numbers, consumed } = await leadingNumbers(reader, stored);
    return checked({ segments: pairs(numbers), size, consumed, ...named });
  }
  const map = records['GNU.sparse.map'];
  if (map === undefined) return undefined;
  const size = paxNumber(records['GNU.sparse.size'] ?? records['GNU.sparse.realsize'] ?? '');
  return checked({ segments: pairs(map.split(',').map(paxNumber)), size, consumed: 0, ...named });
}

/** How many parts, then the offset and length of each: a line a number, filled up to a whole block. */
async function leadingNumbers(
  reader: ByteReader,
  stored: number,
): Promise<{ readonly numbers: number[]; readonly consumed: number }> {
  const numbers: number[] = [];
  let [line, consumed] = ['', 0];
  for (;;) {
    const block = await reader.take(512);
    consumed += block.length;
    if (block.length < 512 || consumed > stored) throw broken('the map of a sparse file is damaged');
    const lines = (line + block.toString('latin1')).split('\n');
    line = lines.pop()!;
    for (const digits of lines) {
      numbers.push(paxNumber(digits));
      if (numbers[0]! > mostSegments) throw broken('the map of a sparse file is too large');
      if (numbers.length === 1 + 2 * numbers[0]!) return { numbers: numbers.slice(1), consumed };
    }
    if (line.length > 20) throw broken('the map of a sparse file is damaged');
  }
}

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0) throw broken('the map of a sparse file is damaged');
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    offset: numbers[2 * i]!,
    length: numbers[2 * i + 1]!,
  }));
}

/** Parts in order, apart, and inside the file. */
function checked(map: SparseMap): SparseMap {
  let end = 0;
  for (const { offset, length } of map.segments) {
    if (offset < end || length < 0 || offset + length > map.size) throw broken('the map of a sparse file is damaged');
    end = offset + length;
  }
  return map;
}
