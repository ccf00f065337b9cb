// What changed between the first look at files and the moment from which the watcher tells of every change.

import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fsPath, textOf } from '@monokit/engine/std/byte-path';
import { isSettled } from '@monokit/engine/std/settled';
import { ctimeColumn, isAsSeen, lookAt, width, type SeenFolder } from '../fresh/fresh.ts';

/** Files and folders by themselves, whether they are there or not, as they are when this is made. */
export class FirstLook {
  readonly #paths: ReadonlyMap<string, { readonly look: string | null; readonly names: readonly string[] | undefined }>;
  readonly #began: number;

  /** They were read after `began`, in milliseconds since the epoch. */
  constructor(paths: Iterable<string>, began: number) {
    this.#began = began;
    this.#paths = new Map([...paths].map((path) => [path, { look: lookAt(path), names: namesIn(path) }]));
  }

  /**
   * Absolute paths of what came, changed or went since then, and since the looks at `folders`, the last of each, which
   * began at `walked`. Of what is `ignored` they hold nothing, so it cannot be told whether that came.
   */
  changed(
    folders: Iterable<SeenFolder>,
    { walked, ignored }: { readonly walked: number; ignored(path: string): boolean },
  ): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const [path, { look, names }] of this.#paths) {
      const now = namesIn(path);
      if (names && now) for (const name of cameOrWent(names, now)) changed.add(join(path, name));
      else if (lookAt(path) !== look || !isSettledAt(path, this.#began)) changed.add(path);
    }
    for (const folder of new Map([...folders].map((each) => [each.path, each])).values()) {
      for (const path of changedIn(folder, walked)) if (!ignored(path)) changed.add(path);
    }
    return changed;
  }
}

function* changedIn({ path, names, numbers }: SeenFolder, walked: number): Generator<string> {
  const folder = textOf(path);
  for (const name of cameOrWent(names.map(textOf), namesIn(fsPath(path)) ?? [])) {
    yield join(folder, name);
    for (const inner of namesIn(join(folder, name), { recursive: true }) ?? []) yield join(folder, name, inner);
  }
  for (const [row, name] of names.entries()) {
    const stats = lstatSync(fsPath(`${path}/${name}`), { throwIfNoEntry: false });
    const seen = numbers.subarray(row * width, (row + 1) * width);
    // What is in a folder is looked at by itself.
    if (!stats || (stats.isDirectory() && stats.mode === seen[0])) continue;
    if (!isAsSeen(stats, seen) || !isSettled(seen[ctimeColumn]!, walked)) yield join(folder, textOf(name));
  }
}

function cameOrWent(before: readonly string[], now: readonly string[]): Iterable<string> {
  return new Set(before).symmetricDifference(new Set(now));
}

/** Undefined where no folder is. */
function namesIn(path: string | Buffer, { recursive = false } = {}): readonly string[] | undefined {
  try {
    return readdirSync(path, { recursive, encoding: 'utf8' });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isSettledAt(path: string, began: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return !stats || isSettled(stats.ctimeMs, began);
}
