import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { bytePath, textOf } from '../../std/byte-path.ts';
import { hasWildcards, matchGlob } from '../../std/glob.ts';
import { readNames } from '../../std/names.ts';

/**
 * The include patterns that bring `paths` along together with every symlink on the way and what it leads to (FS-007).
 * Links never lead out of the folder `root`. Undefined if all of the folder is wanted.
 */
export function followPaths(root: string, paths: readonly string[]): string[] | undefined {
  const found = new Set<string>();
  for (const path of paths) follow(root, path, found);
  return withoutCovered([...found].map(bytePath).sort().map(textOf));
}

/** Sorted paths without those that lie in another; undefined if one is the whole folder. */
export function withoutCovered(sorted: readonly string[]): string[] | undefined {
  const kept: string[] = [];
  for (const path of sorted) {
    if (path === '.') return undefined;
    if (kept.length === 0 || !path.startsWith(`${kept.at(-1)!}/`)) kept.push(path);
  }
  return kept;
}

function follow(root: string, path: string, found: Set<string>): void {
  const names = clean(path).split('/');
  let current = '.';
  for (const [i, name] of names.entries()) {
    current = posix.join(current, name);
    const targets = targetsOf(root, current);
    const last = i === names.length - 1;
    if ((last || targets) && found.has(current)) return;
    if (last || targets) found.add(current);
    if (!targets) continue;
    for (const target of targets) follow(root, posix.join(target, ...names.slice(i + 1)), found);
    return;
  }
}

/** Where a path leads if it is a symlink, or where those lead that its wildcards match; undefined if there is none. */
function targetsOf(root: string, path: string): readonly string[] | undefined {
  const base = posix.basename(path);
  if (!hasWildcards(base)) {
    const target = targetOf(root, path);
    return target === undefined ? undefined : [target];
  }
  const folder = posix.dirname(path);
  if (!lstatSync(posix.join(root, folder), { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const matches = readNames(bytePath(posix.join(root, folder)))
    .map(textOf)
    .filter((name) => matchGlob(base, name));
  const targets = matches
    .map((name) => targetOf(root, posix.join(folder, name)))
    .filter((target) => target !== undefined);
  return targets.length > 0 ? targets : undefined;
}

function targetOf(root: string, path: string): string | undefined {
  const full = posix.join(root, path);
  if (!lstatSync(full, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  const link = readlinkSync(full);
  return posix.join('/', link.startsWith('/') ? link : posix.join(posix.dirname(path), link));
}

/** Relative and clean; whatever would lead out stays at the root. */
function clean(path: string): string {
  const inside = posix.join('/', path).slice(1).replace(/\/$/, '');
  return inside === '' ? '.' : inside;
}
