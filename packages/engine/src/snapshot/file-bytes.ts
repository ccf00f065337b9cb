import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { type TaskContext, task } from '../pool/tasks.ts';

/**
 * Bytes of the files in a layer's folder, whatever they take on disk; a file with several names counts once. Undefined
 * where there are more entries than `most`. What is removed meanwhile does not count.
 */
export function fileBytes(
  root: string,
  { most = Number.POSITIVE_INFINITY, check = () => {} } = {},
): number | undefined {
  const seen = new Set<number>();
  let [bytes, left] = [0, most];
  const pending = [Buffer.from(root)];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    check();
    for (const entry of entriesOf(folder)) {
      if (--left < 0) return undefined;
      if (!entry.isDirectory() && !entry.isFile()) continue;
      const path = Buffer.concat([folder, slash, entry.name]);
      if (entry.isDirectory()) {
        pending.push(path);
        continue;
      }
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined || seen.has(stats.ino)) continue;
      if (stats.nlink > 1) seen.add(stats.ino);
      bytes += stats.size;
    }
  }
  return bytes;
}

/** The same in a thread of the pool, however many there are. */
export const countFileBytes = task(import.meta.url, countFileBytesHere);

export function countFileBytesHere(root: string, { check }: TaskContext): number {
  return fileBytes(root, { check })!;
}

const slash = Buffer.from('/');

function entriesOf(folder: Buffer): readonly Dirent<Buffer>[] {
  try {
    return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
