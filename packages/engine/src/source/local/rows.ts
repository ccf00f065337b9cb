// What lstat said of the entries of one folder, as one array of numbers: a context of many thousand files stays small,
// and goes to another thread in one piece.

import { lstatSync, type BigIntStats, type Stats } from 'node:fs';
import { fsPath, type BytePath } from '../../std/byte-path.ts';
import { readNames } from '../../std/names.ts';

/** Entries of a folder, in the order of their names' bytes. */
export interface Rows {
  readonly names: readonly BytePath[];
  /** `width` numbers for each name. */
  readonly numbers: Float64Array;
}

/** Times are milliseconds with what fraction a double holds (a quarter of a microsecond). */
export const column = { mode: 0, ino: 1, size: 2, mtime: 3, ctime: 4, nlink: 5, dev: 6, rdev: 7 } as const;
export const width = 8;

function putRow(numbers: Float64Array, row: number, stats: Stats): void {
  const at = row * width;
  numbers[at + column.mode] = stats.mode;
  numbers[at + column.ino] = stats.ino;
  numbers[at + column.size] = stats.size;
  numbers[at + column.mtime] = stats.mtimeMs;
  numbers[at + column.ctime] = stats.ctimeMs;
  numbers[at + column.nlink] = stats.nlink;
  numbers[at + column.dev] = stats.dev;
  numbers[at + column.rdev] = stats.rdev;
}

/** Whether an entry is still what the row says: the same file, not touched since. */
export function isUnchanged(numbers: Float64Array, row: number, stats: BigIntStats): boolean {
  const at = row * width;
  return (
    numbers[at + column.ino] === Number(stats.ino) &&
    numbers[at + column.dev] === Number(stats.dev) &&
    numbers[at + column.mode] === Number(stats.mode) &&
    numbers[at + column.ctime] === milliseconds(stats.ctimeNs) &&
    numbers[at + column.mtime] === milliseconds(stats.mtimeNs) &&
    numbers[at + column.size] === Number(stats.size)
  );
}

/** Rounded as Node rounds the times of `Stats`. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n) * 1000 + Number(nanoseconds % 1_000_000_000n) / 1e6;
}

/** What is in a folder now. One that vanishes meanwhile has nothing in it. */
export function listFolder(path: BytePath): Rows {
  const all = namesIn(path || '/');
  const names: BytePath[] = [];
  const numbers = new Float64Array(all.length * width);
  for (const name of all) {
    const stats = lstatSync(fsPath(`${path}/${name}`), { throwIfNoEntry: false });
    if (!stats) continue;
    putRow(numbers, names.length, stats);
    names.push(name);
  }
  return { names, numbers };
}

function namesIn(path: BytePath): BytePath[] {
  try {
    return readNames(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** The row of one path as it is now, or undefined where nothing is. */
export function rowOf(path: BytePath): Float64Array | undefined {
  const stats = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (!stats) return undefined;
  const numbers = new Float64Array(width);
  putRow(numbers, 0, stats);
  return numbers;
}
