// What says something about a layer and is no part of what it holds: overlayfs's marks of what is gone and of folders that
// hide what is below them, and the engine's notes on a layer's root.

import { type BigIntStats, closeSync, openSync } from 'node:fs';
import { type BytePath, fsPath } from '../std/byte-path.ts';
import { makeWhiteout } from '../sys/mknod.ts';
import { getXattr, setXattr } from '../sys/xattr.ts';

/**
 * The engine's own notes: on a layer's root what it takes on disk where that is less than it seems, that files in it are
 * an earlier layer's too, and what its whiteouts are of; on an empty file that it stands for a whiteout.
 */
export type Mark = 'usage' | 'shared' | 'whiteouts' | 'gone';

export function readMark(path: string | Buffer, mark: Mark): string | undefined {
  return (getXattr(path, `trusted.monokit.${mark}`) ?? getXattr(path, `user.monokit.${mark}`))?.toString();
}

export function writeMark(path: string | Buffer, mark: Mark, value: string): void {
  try {
    setXattr(path, `trusted.monokit.${mark}`, Buffer.from(value));
  } catch (error) {
    // In a user namespace nobody is trusted.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    setXattr(path, `user.monokit.${mark}`, Buffer.from(value));
  }
}

/** overlayfs's mark of what is gone, character device 0:0, or ours where that cannot be made. */
export function isWhiteout(path: BytePath, stats: BigIntStats): boolean {
  if (stats.rdev === 0n && stats.isCharacterDevice()) return true;
  if (stats.size !== 0n || (stats.mode & 0o7777n) !== 0n || !stats.isFile()) return false;
  return readMark(fsPath(path), 'gone') !== undefined;
}

/** Marks what is gone. On overlayfs itself, where its device is forbidden, an empty file stands for it. */
export function writeWhiteout(path: BytePath): void {
  try {
    makeWhiteout(fsPath(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    closeSync(openSync(fsPath(path), 'wx', 0));
    writeMark(fsPath(path), 'gone', 'y');
  }
}

export function isMark(name: string): boolean {
  return /^(trusted|user)\.(overlay|monokit)\./.test(name);
}

/** Whether a folder of a layer hides what is below it. */
export function isOpaque(folder: BytePath): boolean {
  const path = fsPath(folder);
  return opaque.some((name) => getXattr(path, name)?.toString('latin1') === 'y');
}

/** Makes a folder of a layer hide what is below it. */
export function setOpaque(folder: BytePath): void {
  try {
    setXattr(fsPath(folder), opaque[0], Buffer.from('y'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    setXattr(fsPath(folder), opaque[1], Buffer.from('y'));
  }
}

/** overlayfs's mark, as root and in a user namespace (`userxattr`). */
const opaque = ['trusted.overlay.opaque', 'user.overlay.opaque'] as const;
