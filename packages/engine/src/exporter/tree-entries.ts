import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import type { EntryType } from '../pool/layer-tar.ts';
import { bytePath, fsPath, type BytePath } from '../std/byte-path.ts';
import { readNames } from '../std/names.ts';
import { getXattr, listXattrs } from '../sys/xattr.ts';

/** One entry of a tree that is exported as it stands. */
export interface TreeEntry {
  /** Relative to the tree's root, without slash at either end. */
  readonly path: BytePath;
  /** Where it lies on this machine. */
  readonly source: BytePath;
  readonly type: EntryType;
  readonly stats: BigIntStats;
  /** A symlink's target, or for further names of a file the `path` of its first one. */
  readonly link?: BytePath;
}

/** The tree mounted at `root`, folders before what is in them, names in the order of their bytes. Sockets are left out. */
export function* treeEntries(root: string): Generator<TreeEntry> {
  yield* walk(bytePath(root), '', new Map());
}

function* walk(root: BytePath, folder: BytePath, seen: Map<string, BytePath>): Generator<TreeEntry> {
  for (const name of readNames(folder === '' ? root : `${root}/${folder}`)) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const source = `${root}/${path}`;
    const stats = lstatSync(fsPath(source), { bigint: true });
    const type = typeOf(stats);
    if (type === undefined) continue;
    if (type === 'symlink') yield { path, source, type, stats, link: readlinkSync(fsPath(source), 'latin1') };
    else if (type === 'folder') {
      yield { path, source, type, stats };
      yield* walk(root, path, seen);
    } else {
      const key = `${stats.dev}:${stats.ino}`;
      const first = stats.nlink > 1n ? seen.get(key) : undefined;
      if (stats.nlink > 1n && first === undefined) seen.set(key, path);
      yield first === undefined ? { path, source, type, stats } : { path, source, type: 'link', stats, link: first };
    }
  }
}

/** All extended attributes of an entry, one character a byte. */
export function xattrsOf({ source }: TreeEntry): Readonly<Record<string, BytePath>> {
  const path = fsPath(source);
  const xattrs: Record<string, BytePath> = {};
  for (const name of listXattrs(path)) {
    const value = getXattr(path, name);
    if (value) xattrs[name] = value.toString('latin1');
  }
  return xattrs;
}

function typeOf(stats: BigIntStats): EntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : undefined;
}
