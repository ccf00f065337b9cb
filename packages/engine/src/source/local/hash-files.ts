import { fstatSync } from 'node:fs';
import { fileDigest } from '../../cache/content-hash/file-digest.ts';
import { header } from '../../cache/content-hash/header.ts';
import { readXattrs } from '../../cache/mounted-tree.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Pool } from '../../pool/pool.ts';
import { task, type TaskContext } from '../../pool/tasks.ts';
import type { BytePath } from '../../std/byte-path.ts';
import { treeMode, type ContextModes } from './modes.ts';
import { column, isUnchanged, width } from './rows.ts';

/** Regular files to be read, each with the row it had when its folder was listed. */
export interface FileBatch {
  readonly paths: readonly BytePath[];
  readonly rows: Float64Array;
  readonly modes: ContextModes;
}

/** Reads files and gives their digests, here if they are few, otherwise in threads. A file that changed has none. */
export async function hashFiles(
  files: FileBatch,
  { pool, signal }: { readonly pool: Pool; readonly signal: AbortSignal },
): Promise<readonly (Digest | undefined)[]> {
  const batches = divide(files);
  if (batches.length === 1 && isSmall(files)) return hashFilesHere(files, { check: () => signal.throwIfAborted() });
  return (await Promise.all(batches.map((batch) => pool.run(hashFilesTask, batch, { signal })))).flat();
}

/** In a thread of the pool, or here. */
export function hashFilesHere(
  { paths, rows, modes }: FileBatch,
  { check }: Pick<TaskContext, 'check'>,
): (Digest | undefined)[] {
  return paths.map((path, row) => {
    check();
    return hashFile(path, { rows, row, modes, check });
  });
}

const hashFilesTask = task(import.meta.url, hashFilesHere);

interface FileOfBatch {
  readonly rows: Float64Array;
  readonly row: number;
  readonly modes: ContextModes;
  readonly check: () => void;
}

function hashFile(path: BytePath, { rows, row, modes, check }: FileOfBatch): Digest | undefined {
  const at = row * width;
  const size = rows[at + column.size]!;
  const mode = treeMode(rows[at + column.mode]!, modes);
  try {
    const xattrs = contextXattrs(path);
    const head = header({ kind: 'file', mode, uid: 0, gid: 0, size, xattrs });
    const verify = (file: number) => {
      if (!isUnchanged(rows, row, fstatSync(file, { bigint: true }))) throw changed;
    };
    const read = fileDigest(path, head, { verify, check });
    return read.size === size ? read.digest : undefined;
  } catch (error) {
    // Gone, or another kind of thing by now.
    const code = (error as NodeJS.ErrnoException).code;
    if (error === changed || code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO')
      return undefined;
    throw error;
  }
}

const changed = new Error('changed');

/** Attributes that belong to the content (macOS's own do not). */
export function contextXattrs(path: BytePath): ReturnType<typeof readXattrs> {
  return readXattrs(path).filter(({ name }) => !name.startsWith('com.apple.'));
}

function isSmall({ paths, rows }: FileBatch): boolean {
  return paths.length <= smallCount && bytesOf(rows) <= smallBytes;
}

function bytesOf(rows: Float64Array): number {
  let bytes = 0;
  for (let at = column.size; at < rows.length; at += width) bytes += rows[at]!;
  return bytes;
}

/** Pieces of work for one thread each, small enough that all threads end at about the same time. */
function divide({ paths, rows, modes }: FileBatch): FileBatch[] {
  const batches: FileBatch[] = [];
  let from = 0;
  let bytes = 0;
  for (let row = 0; row < paths.length; row++) {
    bytes += rows[row * width + column.size]!;
    if (row + 1 - from < batchCount && bytes < batchBytes && row + 1 < paths.length) continue;
    batches.push({ paths: paths.slice(from, row + 1), rows: rows.slice(from * width, (row + 1) * width), modes });
    from = row + 1;
    bytes = 0;
  }
  return batches;
}

const batchCount = 1000;
const batchBytes = 64 << 20;
/** What is read faster than a thread starts. */
const smallCount = 500;
const smallBytes = 16 << 20;
