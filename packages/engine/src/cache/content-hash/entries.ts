import { posix } from 'node:path';
import { bytePath, type BytePath } from '../../std/byte-path.ts';
import { resolveInTree, type TreeNode } from '../tree.ts';
import { keyPath, startOf, type ChecksumOptions } from './checksum.ts';
import { select } from './selection.ts';

/** Something that a checksum covers. */
export interface Entry {
  /** From the tree's root, without a slash before it; '' is the root. */
  readonly path: BytePath;
  readonly node: TreeNode;
}

/**
 * All that `checksum` of the same path and options covers, parents first; nothing where the path is not there. What a
 * symlink leads to is told where it lies.
 */
export function* entriesOf(root: TreeNode, path: string, options: ChecksumOptions = {}): Generator<Entry> {
  const { wildcard = false, followLinks = false, include = [], exclude = [] } = options;
  const key = keyPath(bytePath(path));
  if (!wildcard && include.length === 0 && exclude.length === 0) {
    yield* below(root, key, followLinks);
    return;
  }
  const { prefix, start } = startOf(root, key, wildcard);
  const clean = posix.join('/', path);
  const withoutItself = clean === '/' || path.endsWith('/');
  if (!start) return;
  for (const { path: at, node, top } of select(start, prefix, {
    path: key,
    withoutItself,
    wildcard,
    include,
    exclude,
  })) {
    if (top && followLinks && node.kind === 'symlink') yield* below(root, at, true);
    else yield { path: at.slice(1), node };
  }
}

function* below(root: TreeNode, path: BytePath, followLast: boolean): Generator<Entry> {
  const found = resolveInTree(root, path, { followLast });
  if (found.node) yield* all(found.path.slice(1), found.node);
}

function* all(path: BytePath, node: TreeNode): Generator<Entry> {
  yield { path, node };
  for (const child of node.children()) yield* all(path === '' ? child.name : `${path}/${child.name}`, child);
}
