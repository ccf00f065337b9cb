// A tree that is being written. All paths are resolved inside its root before they are used, so that a symlink in an
// image never leads to this machine's files.

import { chmodSync, lchownSync, lstatSync, mkdirSync, rmSync, type BigIntStats } from 'node:fs';
import { fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { mountedTree } from '../mounted-tree.ts';
import { resolveInTree } from '../tree.ts';
import type { CopyFailure } from './failure.ts';
import { FolderTimes } from './folder-times.ts';

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** How folders are made that nobody described. */
export interface FolderLook {
  readonly mode: number;
  /** Root when left out. */
  readonly owner?: Ids;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

export class Destination {
  /** Absolute path on this machine, without a slash at its end. */
  readonly root: BytePath;
  readonly times = new FolderTimes();

  constructor(root: BytePath) {
    this.root = root;
  }

  /** Where a path inside the tree lies on this machine. The last name is followed too unless `followLast` is false. */
  resolve(path: BytePath, { followLast = true }: { readonly followLast?: boolean } = {}): BytePath {
    return this.root + resolveInTree(mountedTree(this.root), path, { followLast }).path;
  }

  /** Makes a folder and those above it that are missing, at a resolved path. Existing ones stay as they are. */
  makeFolders(path: BytePath, look: FolderLook): void {
    const missing: BytePath[] = [];
    let at = path;
    for (;;) {
      const found = this.stat(at);
      if (found?.isDirectory()) break;
      if (found) throw this.conflict(at, 'is not a folder');
      missing.push(at);
      at = at.slice(0, at.lastIndexOf('/'));
    }
    for (const folder of missing.reverse()) this.makeFolder(folder, look);
  }

  makeFolder(path: BytePath, { mode, owner, time }: FolderLook): void {
    this.times.touch(parentOf(path));
    mkdirSync(fsPath(path), mode);
    if (owner) lchownSync(fsPath(path), owner.uid, owner.gid);
    // The umask had its say.
    chmodSync(fsPath(path), mode);
    this.times.set(path, time);
  }

  /** Removes whatever lies at a resolved path, and all below it. */
  remove(path: BytePath): void {
    this.times.touch(parentOf(path));
    this.times.forget(path);
    rmSync(fsPath(path), { recursive: true, force: true });
  }

  stat(path: BytePath): BigIntStats | undefined {
    try {
      return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  /** A path as people know it: from the root of the tree. */
  inside(path: BytePath): string {
    return textOf(path.slice(this.root.length)) || '/';
  }

  conflict(path: BytePath, what: string): Failed<CopyFailure> {
    const inside = this.inside(path);
    return new Failed<CopyFailure>({ kind: 'copy-conflict', path: inside, message: `${inside} ${what}` });
  }
}

export function parentOf(path: BytePath): BytePath {
  return path.slice(0, path.lastIndexOf('/'));
}
