import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { resolveInTree, type TreeNode } from '../../cache/tree.ts';
import { bytePath, fsPath, textOf } from '../../std/byte-path.ts';
import { nearest } from '../../std/nearest.ts';

/** Why a path is not in a client's folder, for people: it is left out, it is called otherwise, or it just is not there. */
export function explainMissing(root: TreeNode, path: string): string {
  const quoted = JSON.stringify(path);
  const onDisk = textOf(root.hostPath) + posix.join('/', path);
  if (exists(onDisk))
    return `${quoted}: not found: ${onDisk} is there, but the ignore patterns of this context leave it out`;
  const folder = posix.dirname(path);
  const { node } = resolveInTree(root, bytePath(folder), { followLast: true });
  const near =
    node &&
    nearest(
      posix.basename(path),
      node.children().map(({ name }) => textOf(name)),
    );
  const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(posix.join(folder, near))}?`;
  return `${quoted}: not found in ${textOf(root.hostPath) || '/'}${meant}`;
}

function exists(path: string): boolean {
  try {
    return lstatSync(fsPath(bytePath(path)), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // a file stands where a folder would have to be
  }
}
