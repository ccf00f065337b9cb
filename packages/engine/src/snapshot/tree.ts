// A tree read from its layers' folders as overlayfs would show it, without mounting anything. Folders are looked up one
// name at a time and symlinks are never followed, so a layer's content cannot lead outside.

import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { type BytePath, bytePath, fsPath } from '../std/byte-path.ts';
import { isOpaque, isWhiteout } from './marks.ts';

/** What a name in a tree stands for. */
export interface Entry {
  readonly name: BytePath;
  readonly stats: BigIntStats;
  /** Where it lies in its layer: the uppermost one that has it. */
  readonly path: BytePath;
  /** For a folder, what it is made of. */
  readonly folder?: Folder;
}

/** A folder of a tree: the same folder in several layers, uppermost first, down to where one hides the rest. */
export type Folder = readonly BytePath[];

/** The root of a tree; `folders` uppermost first. overlayfs merges all roots, marked opaque or not. */
export function rootOf(folders: readonly string[]): Folder {
  return folders.map(bytePath);
}

/** The entry of a folder that has this name. */
export function lookup(folder: Folder, name: BytePath): Entry | undefined {
  for (let i = 0; i < folder.length; i++) {
    const path = `${folder[i]}/${name}`;
    const stats = lstat(path);
    if (stats === undefined) continue;
    if (isWhiteout(path, stats)) return undefined;
    if (!stats.isDirectory()) return { name, stats, path };
    return { name, stats, path, folder: below(folder, i, name) };
  }
  return undefined;
}

/** A folder's entries in the order of their names' bytes. */
export function list(folder: Folder): Entry[] {
  const seen = new Set<BytePath>();
  const entries: Entry[] = [];
  for (let i = 0; i < folder.length; i++) {
    for (const name of names(folder[i]!)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const path = `${folder[i]}/${name}`;
      const stats = lstatSync(fsPath(path), { bigint: true });
      if (isWhiteout(path, stats)) continue;
      entries.push(stats.isDirectory() ? { name, stats, path, folder: below(folder, i, name) } : { name, stats, path });
    }
  }
  return folder.length === 1 ? entries : entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The entry at a path of names, none of which may be a symlink. */
export function lookupPath(root: Folder, path: readonly BytePath[]): Entry | undefined {
  let entry: Entry | undefined;
  let folder: Folder | undefined = root;
  for (const name of path) {
    if (folder === undefined) return undefined;
    entry = lookup(folder, name);
    folder = entry?.folder;
  }
  return entry;
}

/** One folder's names, in the order of their bytes. */
export function names(folder: BytePath): BytePath[] {
  return readdirSync(fsPath(folder), { encoding: 'latin1' }).sort();
}

export function lstat(path: BytePath): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What the folder `name` is made of, which layer `from` of its parent has first. */
function below(parent: Folder, from: number, name: BytePath): Folder {
  const first = `${parent[from]}/${name}`;
  if (from === parent.length - 1 || isOpaque(first)) return [first];
  const folder = [first];
  for (let i = from + 1; i < parent.length; i++) {
    const path = `${parent[i]}/${name}`;
    const stats = lstat(path);
    if (stats === undefined) continue;
    if (!stats.isDirectory()) break;
    folder.push(path);
    if (isOpaque(path)) break;
  }
  return folder;
}
