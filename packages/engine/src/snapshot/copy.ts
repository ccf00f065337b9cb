import {
  type BigIntStats,
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { type TaskContext, task } from '../pool/tasks.ts';
import { type BytePath, bytePath, fsPath } from '../std/byte-path.ts';
import { deviceParts, makeSpecialFile } from '../sys/mknod.ts';
import { setTimes } from '../sys/utimens.ts';
import { getXattr, listXattrs, setXattr } from '../sys/xattr.ts';
import { isMark } from './marks.ts';
import { target } from './same.ts';
import { type Folder, list, rootOf } from './tree.ts';

/** How a file gets to another place: one more name of it, its only name, or its content once more (shared where the disk can). */
export type Transfer = 'link' | 'move' | 'copy';

export interface Original {
  readonly source: BytePath;
  readonly stats: BigIntStats;
}

/** Puts what is no folder at a free path. Says whether it is now the original itself. */
export function transfer(original: Original, to: BytePath, how: Transfer): boolean {
  const { source, stats } = original;
  if (how === 'move') {
    renameSync(fsPath(source), fsPath(to));
    return true;
  }
  // Who has another name of a pipe or socket could talk through it.
  if (how === 'link' && !stats.isFIFO() && !stats.isSocket()) {
    try {
      linkSync(fsPath(source), fsPath(to));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EMLINK' && code !== 'EXDEV') throw error;
    }
  }
  copyNode(original, to);
  copyAttributes(original, to);
  return false;
}

function copyNode({ source, stats }: Original, to: BytePath): void {
  const [from, path] = [fsPath(source), fsPath(to)];
  if (stats.isFile()) copyFileSync(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else if (stats.isSymbolicLink()) symlinkSync(fsPath(target(source)), path);
  else if (stats.isFIFO()) makeSpecialFile(path, { kind: 'fifo', mode: 0o600 });
  else if (stats.isSocket()) makeSpecialFile(path, { kind: 'socket', mode: 0o600 });
  else {
    const kind = stats.isCharacterDevice() ? 'character' : 'block';
    makeSpecialFile(path, { kind, mode: 0o600, ...deviceParts(stats.rdev) });
  }
}

/** Gives a copy its original's owner, attributes, mode and times. A folder's times change again with what is put in it. */
export function copyAttributes({ source, stats }: Original, to: BytePath): void {
  const path = fsPath(to);
  // In this order: a change of owner clears special bits and file capabilities.
  lchownSync(path, Number(stats.uid), Number(stats.gid));
  for (const name of listXattrs(fsPath(source))) {
    if (isMark(name)) continue;
    const value = getXattr(fsPath(source), name);
    if (value !== undefined) setXattr(path, name, value);
  }
  if (!stats.isSymbolicLink()) chmodSync(path, Number(stats.mode) & 0o7777);
  setTimes(path, { atime: stats.atimeNs, mtime: stats.mtimeNs });
}

export interface CopyTreeOptions {
  /** The tree's folders, uppermost first. */
  readonly folders: readonly string[];
  /** Empty folder that gets the copy. */
  readonly to: string;
  readonly how: Exclude<Transfer, 'move'>;
}

/** Makes one folder of a tree of several. Files with several names keep them. */
export const copyTree = task(import.meta.url, copyTreeHere);

export function copyTreeHere({ folders, to, how }: CopyTreeOptions, { check }: TaskContext): void {
  const first = new Map<string, BytePath>();
  const copyFolder = (from: Folder, into: BytePath) => {
    for (const { name, stats, path: source, folder } of list(from)) {
      check();
      const path = `${into}/${name}`;
      if (folder !== undefined) {
        mkdirSync(fsPath(path));
        copyFolder(folder, path);
        copyAttributes({ source, stats }, path);
        continue;
      }
      const inode = `${stats.dev}:${stats.ino}`;
      const linked = stats.nlink > 1n ? first.get(inode) : undefined;
      if (linked !== undefined) linkSync(fsPath(linked), fsPath(path));
      else transfer({ source, stats }, path, how);
      if (stats.nlink > 1n) first.set(inode, path);
    }
  };
  copyFolder(rootOf(folders), bytePath(to));
}
