// Attributes that say something about a layer and are no part of what it holds: overlayfs's own on its folders, and the
// engine's on its root.
import { type BytePath, fsPath } from '../std/byte-path.ts';
import { getXattr, setXattr } from '../sys/xattr.ts';

/** What the engine notes on a layer's root: what it takes on disk where that is less than it seems, and its whiteouts. */
export type Mark = 'usage' | 'whiteouts';

export function readMark(root: string, mark: Mark): string | undefined {
  return (getXattr(root, `trusted.monokit.${mark}`) ?? getXattr(root, `user.monokit.${mark}`))?.toString();
}

export function writeMark(root: string, mark: Mark, value: string): void {
  try {
    setXattr(root, `trusted.monokit.${mark}`, Buffer.from(value));
  } catch (error) {
    // In a user namespace nobody is trusted.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    setXattr(root, `user.monokit.${mark}`, Buffer.from(value));
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
