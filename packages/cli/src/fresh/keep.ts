// Keeping an answer with all that it came from, for fresh.ts.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileIfPossible } from '@monokit/engine/std/replace-file';
import { isSettled } from '@monokit/engine/std/settled';
import { ctimeColumn, lookAt, width, type Kept, type SeenFolder } from './fresh.ts';

/** Most answers that are kept for one cache. */
const most = 256;

/** What an answer came from and what it left. */
export interface Looks {
  /** Variables that are no part of the question and were read all the same. */
  readonly variables: Kept['variables'];
  /** Files and folders that were looked at, whether they were there or not. */
  readonly paths: Iterable<string>;
  /** Files that the build itself made or changed. */
  readonly made: Iterable<string>;
  readonly folders: Iterable<SeenFolder>;
  /** When the first look was, in milliseconds since the epoch. */
  readonly began: number;
}

/** Keeps an answer with what it came from. Nothing is kept where a file may have changed since it was looked at. */
export function keepAnswer<T>(path: string, answer: T, { variables, paths, made, folders, began }: Looks): void {
  const looked: Record<string, string | null> = Object.fromEntries([...made].map((each) => [each, lookAt(each)]));
  for (const each of paths) {
    const stats = statSync(each, { throwIfNoEntry: false });
    if (stats && !isSettled(stats.ctimeMs, began)) return;
    looked[each] = lookAt(each);
  }
  const all: Kept['folders'][number][] = [];
  for (const { path: folder, names, numbers } of folders) {
    for (let at = ctimeColumn; at < numbers.length; at += width) if (!isSettled(numbers[at]!, began)) return;
    const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    all.push({ path: folder, names, numbers: bytes.toString('base64') });
  }
  const parent = join(path, '..');
  const kept: Kept<T> = { answer, variables, paths: looked, folders: all };
  if (!replaceFileIfPossible(path, JSON.stringify(kept))) return;
  const names = readdirSync(parent);
  if (names.length > most)
    for (const name of names) {
      // What another process is writing is no answer yet.
      if (name.endsWith('.json') && join(parent, name) !== path) rmSync(join(parent, name), { force: true });
    }
}
