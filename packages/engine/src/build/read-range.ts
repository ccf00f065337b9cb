import { fstatSync, readSync } from 'node:fs';
import { Failed } from '../std/failed.ts';
import { globStarExpression } from '../std/glob.ts';
import type { BuildFailure } from './failure.ts';

/** The largest file that a frontend may read: 16 MiB, which is what a message of the gateway may have. */
export const maxFile = 16 << 20;

/** A file that is open, or a part of it. `path` is what the frontend calls it. */
export function readRange(
  fd: number,
  path: string,
  range?: { readonly offset: number; readonly length: number },
): Uint8Array {
  const { size } = fstatSync(fd);
  const offset = Math.min(range?.offset ?? 0, size);
  const length = Math.min(range?.length ?? size, size - offset);
  if (offset < 0 || length < 0) throw unreadable(path, `${path} has no bytes before its first`);
  if (length > maxFile) {
    const message = `${path} has ${size} bytes: a frontend reads at most ${maxFile}`;
    throw new Failed<BuildFailure>({ kind: 'file-too-large', path, message });
  }
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const more = readSync(fd, bytes, read, length - read, offset + read);
    if (more === 0) break;
    read += more;
  }
  return bytes.subarray(0, read);
}

/** Whether a folder's entry is asked for: all are without a pattern, and folders on the way to what it means. */
export function entryFilter(pattern = ''): (name: string, isFolder: boolean) => boolean {
  const [first = '', ...deeper] = pattern.split('/');
  if (first === '') return () => true;
  const wanted = globStarExpression(first);
  return (name, isFolder) => wanted.test(name) && (deeper.length === 0 || isFolder);
}

export function unreadable(path: string, message: string, cause?: unknown): Failed<BuildFailure> {
  return new Failed<BuildFailure>({ kind: 'file-unreadable', path, message }, { cause });
}
