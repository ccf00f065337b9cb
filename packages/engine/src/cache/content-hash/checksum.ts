import { posix } from 'node:path';
import { digestOf, Digester, type Digest } from '../../oci/digest.ts';
import { bytePath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { hasWildcards } from '../../std/glob.ts';
import { resolveInTree, type TreeNode } from '../tree.ts';
import type { PathMissing } from './failure.ts';
import { recursiveDigest } from './recursive.ts';
import { select } from './selection.ts';

/** What of a tree is asked for, as LLB's copy and mounts say it. */
export interface ChecksumOptions {
  /** Wildcards in the path stand for whatever they match. */
  readonly wildcard?: boolean;
  /** A path that is a symlink counts as what it leads to. */
  readonly followLinks?: boolean;
  /** Patterns relative to the path (or to each match of its wildcards). */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Paths at least one selected entry has to begin with. */
  readonly requiredPaths?: readonly string[];
}

/**
 * BuildKit's digest of a path in a tree (SOL-006 to SOL-011). Looks at what the path leads to and nothing else. Throws
 * `Failed<ContentHashFailure>`, `path-missing` where the path has to exist and does not.
 */
export function checksum(root: TreeNode, path: string, options: ChecksumOptions = {}): Digest {
  const { wildcard = false, followLinks = false, include = [], exclude = [], requiredPaths = [] } = options;
  const clean = posix.join('/', path);
  const key = keyPath(bytePath(path));
  if (!wildcard && include.length === 0 && exclude.length === 0) {
    return follow(root, key, { followLast: followLinks });
  }
  const { prefix, start } = startOf(root, key, wildcard);
  const withoutItself = clean === '/' || path.endsWith('/');
  const selection = { path: key, withoutItself, wildcard, include, exclude };
  const selected = start ? select(start, prefix, selection) : [];
  for (const required of requiredPaths) {
    if (!selected.some((entry) => textOf(entry.path).startsWith(required))) throw missing(required);
  }
  const digests = selected.map(({ path: at, node, top }) =>
    top && followLinks && node.kind === 'symlink' ? follow(root, at, { followLast: true }) : node.digest(),
  );
  if (selected.length === 0) return digestOf('');
  if (selected.length === 1 && base(bytePath(path)) === base(selected[0]!.path)) return digests[0]!;
  const digester = new Digester();
  for (const [i, entry] of selected.entries()) {
    const relative = entry.path.startsWith(prefix) ? entry.path.slice(prefix.length) : entry.path;
    digester.update(Buffer.from(`${relative.replaceAll('/', '\0') || '\0'}${digests[i]!}`, 'latin1'));
  }
  return digester.digest();
}

/** Bytes of the files that `checksum` reads to answer the same. */
export function selectedSize(root: TreeNode, path: string, options: ChecksumOptions = {}): number {
  const { wildcard = false, followLinks = false, include = [], exclude = [] } = options;
  const key = keyPath(bytePath(path));
  if (!wildcard && include.length === 0 && exclude.length === 0) {
    const { node } = resolveInTree(root, key, { followLast: followLinks });
    return node ? sizeBelow(node) : 0;
  }
  const { prefix, start } = startOf(root, key, wildcard);
  const withoutItself = posix.join('/', path) === '/' || path.endsWith('/');
  const selected = start ? select(start, prefix, { path: key, withoutItself, wildcard, include, exclude }) : [];
  return selected.reduce((sum, { path: at, node, top }) => {
    const followed = top && followLinks && node.kind === 'symlink';
    const { node: meant } = followed ? resolveInTree(root, at, { followLast: true }) : { node };
    return sum + (meant?.kind === 'file' ? meant.attributes().size : followed && meant ? sizeBelow(meant) : 0);
  }, 0);
}

function sizeBelow(node: TreeNode): number {
  let sum = 0;
  const open = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.kind === 'file') sum += next.attributes().size;
    open.push(...next.children());
  }
  return sum;
}

function follow(root: TreeNode, path: BytePath, options: { readonly followLast: boolean }): Digest {
  const { node } = resolveInTree(root, path, options);
  if (!node) throw missing(textOf(path));
  return recursiveDigest(node);
}

/** Where to begin: the path itself, or the folder before its first wildcard. Symlinks on the way there are followed. */
export function startOf(
  root: TreeNode,
  path: string,
  wildcard: boolean,
): { readonly prefix: string; readonly start?: TreeNode } {
  const names = path.split('/');
  const first = wildcard ? names.findIndex(hasWildcards) : -1;
  const prefix = first < 0 ? path : names.slice(0, first).join('/');
  if (prefix === '') return { prefix, start: root };
  const { node } = resolveInTree(root, prefix, { followLast: first >= 0 });
  return node ? { prefix, start: node } : { prefix };
}

function missing(path: string): Failed<PathMissing> {
  return new Failed<PathMissing>({ kind: 'path-missing', path, message: `${JSON.stringify(path || '/')}: not found` });
}

/** Absolute and clean, with '' for the root. */
export function keyPath(path: string): string {
  const clean = posix.join('/', path);
  if (clean === '/') return '';
  return clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Go's `path.Base`. */
function base(path: string): string {
  return path === '' ? '.' : posix.basename(path) || '/';
}
