import { posix } from 'node:path';
import { resolveInTree, type TreeNode } from '../../cache/tree.ts';
import { bytePath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { globExpression, hasWildcards } from '../../std/glob.ts';
import type { FileFailure } from './failure.ts';

/** A path of an action: absolute and clean, with its `/` or `/.` at the end, which says that it is a folder. */
export function actionPath(text: string): BytePath {
  const clean = posix.join('/', text);
  const bare = clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  if (text.endsWith('/.')) return bytePath(bare === '/' ? '/.' : `${bare}/.`);
  return bytePath(text.endsWith('/') && bare !== '/' ? `${bare}/` : bare);
}

/**
 * The paths that a path with wildcards stands for, in the order of their names. Symlinks before the first wildcard are
 * followed, the last of them only with `followLinks`. A path without wildcards stands for itself.
 */
export function resolveWildcards(
  root: TreeNode,
  path: BytePath,
  { followLinks }: { readonly followLinks: boolean },
): BytePath[] {
  const names = textOf(path)
    .split('/')
    .filter((name, i) => i === 0 || (name !== '' && name !== '.'));
  const first = names.findIndex(hasWildcards);
  if (first < 0) return [bytePath(names.join('/') || '/')];
  const before = names.slice(0, first).join('/');
  const base = resolveInTree(root, bytePath(before), { followLast: followLinks });
  if (!base.node) throw missing(before);
  const matches: BytePath[] = [];
  const patterns = names.slice(first).map(globExpression);
  const visit = (node: TreeNode, at: BytePath, depth: number) => {
    for (const child of node.children()) {
      if (!patterns[depth]!.test(textOf(child.name))) continue;
      const path = `${at}/${child.name}`;
      if (depth + 1 === patterns.length) matches.push(path);
      else visit(child, path, depth + 1);
    }
  };
  visit(base.node, base.path, 0);
  return matches;
}

export function missing(path: string): Failed<FileFailure> {
  return new Failed<FileFailure>({ kind: 'file-missing', path, message: `${JSON.stringify(path)}: not found` });
}
