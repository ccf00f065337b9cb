// The actions that touch a few paths: mkdir, mkfile, symlink, rm. Each works on a mounted tree that it may write to.

import { chmodSync, closeSync, constants, lchownSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { parentOf, type Destination, type Ids } from '../../cache/copy/destination.ts';
import { mountedTree } from '../../cache/mounted-tree.ts';
import type { MkdirAction, MkfileAction, RmAction, SymlinkAction } from '../../llb/file-action.ts';
import { bytePath, fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { setTimes } from '../../sys/utimens.ts';
import type { FileFailure } from './failure.ts';
import { actionPath, missing, resolveWildcards } from './paths.ts';

/** Whose what is made is to be, and from when. */
export interface Making {
  readonly owner: Ids | undefined;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

export function makeFolder(destination: Destination, action: MkdirAction, { owner, time }: Making): void {
  const path = destination.resolve(bytePath(action.path));
  const look = { mode: action.mode & 0o777, time, ...(owner && { owner }) };
  if (action.makeParents) return destination.makeFolders(path, look);
  if (!destination.stat(path)) destination.makeFolder(path, look);
}

export function makeFile(destination: Destination, action: MkfileAction, making: Making): void {
  const path = destination.resolve(bytePath(action.path));
  const found = destination.stat(path);
  if (!found) destination.times.touch(parentOf(path));
  const mode = action.mode & 0o777;
  // A pipe that lies there must not hold us up.
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = openSync(fsPath(path), flags, mode);
  try {
    writeFileSync(file, action.data);
  } finally {
    closeSync(file);
  }
  finish(path, making);
  // The umask had its say; a file that was there keeps its mode.
  if (!found) chmodSync(fsPath(path), mode);
}

export function makeSymlink(destination: Destination, action: SymlinkAction, making: Making): void {
  const path = destination.resolve(bytePath(action.newpath));
  if (destination.stat(path)) throw destination.conflict(path, 'is there already: no symlink can be made of it');
  destination.times.touch(parentOf(path));
  symlinkSync(fsPath(bytePath(action.oldpath)), fsPath(path));
  finish(path, making);
}

export function removePaths(destination: Destination, action: RmAction): void {
  const path = actionPath(action.path);
  const root = mountedTree(destination.root);
  const paths = action.allowWildcard ? resolveWildcards(root, path, { followLinks: false }) : [path];
  for (const each of paths) removePath(destination, each, action);
}

function removePath(destination: Destination, path: BytePath, { allowNotFound }: RmAction): void {
  const bare = path.replace(/\/\.?$/, '');
  if (bare === '') {
    const message = 'the root of a tree cannot be removed';
    throw new Failed<FileFailure>({ kind: 'file-actions-invalid', message });
  }
  const found = destination.resolve(bare, { followLast: false });
  if (destination.stat(found)) destination.remove(found);
  else if (!allowNotFound) throw missing(textOf(bare));
}

function finish(path: BytePath, { owner, time }: Making): void {
  if (owner) lchownSync(fsPath(path), owner.uid, owner.gid);
  setTimes(fsPath(path), { atime: time, mtime: time });
}
