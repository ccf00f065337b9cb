// Directory trees as the engine reads them, wherever they are: a mounted snapshot (mounted-tree.ts) or a folder of the
// client's that nobody has copied yet (source/local). What is read is remembered by the node, so a path is looked at once.

import type { Digest } from '../oci/digest.ts';
import { textOf, type BytePath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import type { Selector } from './content-hash.ts';
import type { Xattr } from './content-hash/header.ts';

export type NodeKind = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';

/** One entry of a tree. */
export interface TreeNode {
  /** '' for the root. */
  readonly name: BytePath;
  readonly kind: NodeKind;
  /** Where a symlink points, as written; '' for all others. */
  readonly target: BytePath;
  /** Entries of a folder in the order of their names' bytes; empty for all others. */
  children(): readonly TreeNode[];
  child(name: BytePath): TreeNode | undefined;
  /** BuildKit's digest of the entry by itself: header and content of a file, header alone of everything else. */
  digest(): Digest;
  /** Where the entry lies on this machine. */
  readonly hostPath: BytePath;
  /** Owner, mode and times as they are in the tree, which for a client's folder are not those on disk. */
  attributes(): Attributes;
  /** Extended attributes that a copy takes along. */
  xattrs(): readonly Xattr[];
  /** Throws if the entry is no longer what `attributes` said; called after its content was copied. */
  verify(): void;
  /**
   * Of a client's file: equal for as long as nobody wrote to it or replaced it. Undefined where that can't be told, as of
   * one that was written to so shortly before `at` (milliseconds since the epoch) that the clock may not have moved on.
   */
  identity?(at: number): string | undefined;
}

export interface Attributes {
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Nanoseconds since the epoch; undefined where the tree has none that is worth keeping. */
  readonly mtime: bigint | undefined;
  /** Of character and block devices. */
  readonly rdev: number;
  /** Equal for names of one file, where the file has several names. */
  readonly link: string | undefined;
}

/** Where a path leads. `path` is absolute without links ('' is the root); `node` is undefined where nothing is. */
export interface Resolved {
  readonly path: BytePath;
  readonly node: TreeNode | undefined;
}

export interface TooManyLinks {
  readonly kind: 'too-many-links';
  readonly path: string;
  readonly message: string;
}

const maxLinks = 255;

/**
 * Follows symlinks inside the tree: absolute targets begin at its root, and `..` never leaves it. Names that do not
 * exist are taken as they are. The last name is followed only with `followLast`. Throws `Failed<TooManyLinks>`.
 */
export function resolveInTree(
  root: TreeNode,
  path: BytePath,
  { followLast }: { readonly followLast: boolean },
): Resolved {
  const names: string[] = [];
  const nodes: (TreeNode | undefined)[] = [root];
  const rest = path.split('/').reverse();
  let links = 0;
  while (rest.length > 0) {
    const name = rest.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (names.pop() !== undefined) nodes.pop();
      continue;
    }
    const node = nodes.at(-1)?.child(name);
    const last = rest.every((later) => later === '');
    if (node?.kind !== 'symlink' || (last && !followLast)) {
      names.push(name);
      nodes.push(node);
      continue;
    }
    if (++links > maxLinks) {
      throw new Failed<TooManyLinks>({
        kind: 'too-many-links',
        path: textOf(path),
        message: `too many links on the way to ${textOf(path)}`,
      });
    }
    if (node.target.startsWith('/')) {
      names.length = 0;
      nodes.length = 1;
    }
    rest.push(...node.target.split('/').reverse());
  }
  return { path: names.map((name) => `/${name}`).join(''), node: nodes.at(-1) };
}

/** A tree that is read where it lies, without a mount: what `ImmutableRef.tree` is of a client's folder. */
export interface HostTree {
  readonly root: TreeNode;
  /**
   * Asks the tree something that needs digests. The question is asked twice where files have to be read first, so it
   * must have no effects.
   */
  answer<T>(question: (root: TreeNode) => T, options: { readonly signal: AbortSignal }): Promise<T>;
  /** The entries that selectors choose whose digest was asked for before; nothing is read for it. */
  manifest(selectors: readonly Selector[]): readonly ManifestEntry[];
  /** The tree as another thread can open it, with what was seen of it so far. */
  portable(): PortableTree;
}

/** One entry of a tree, as those see it who only want to tell it from another. */
export interface ManifestEntry {
  /** From the tree's root. */
  readonly path: string;
  readonly kind: NodeKind;
  /** Permission bits as they count. */
  readonly mode: number;
  /** 16 hexadecimal digits of the entry by itself: equal for equal content, mode and attributes. */
  readonly digest: string;
  /** Where a symlink points. */
  readonly target?: string;
}

/** A tree on its way to another thread, where `module` exports `openTree`, which makes the root out of `data`. */
export interface PortableTree {
  readonly module: string;
  readonly data: unknown;
}

export async function openPortable({ module, data }: PortableTree): Promise<TreeNode> {
  const { openTree } = (await import(module)) as { readonly openTree: (data: unknown) => TreeNode };
  return openTree(data);
}
