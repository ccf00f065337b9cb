import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import { digestOf, type Digest } from '../oci/digest.ts';
import { isMark } from '../snapshot/marks.ts';
import { fsPath, type BytePath } from '../std/byte-path.ts';
import { readNames } from '../std/names.ts';
import { getXattr, listXattrs } from '../sys/xattr.ts';
import { fileDigest } from './content-hash/file-digest.ts';
import { header, type Xattr } from './content-hash/header.ts';
import type { Attributes, NodeKind, TreeNode } from './tree.ts';

/** How much may be looked at; `spend` throws once that is used up. */
export interface Budget {
  spend(amount: { readonly entries?: number; readonly bytes?: number }): void;
}

/** The root of a tree that is mounted (or lies) at `path` and does not change meanwhile. */
export function mountedTree(path: BytePath, budget?: Budget): TreeNode {
  return new MountedNode(path.endsWith('/') ? path.slice(0, -1) : path, '', budget);
}

/** Remembers what was asked of itself, but not its children: a tree of any size is walked in little memory. */
class MountedNode implements TreeNode {
  readonly name: BytePath;
  readonly hostPath: BytePath;
  readonly #budget: Budget | undefined;
  #stats: BigIntStats | undefined;
  #digest: Digest | undefined;

  constructor(hostPath: BytePath, name: BytePath, budget: Budget | undefined, stats?: BigIntStats) {
    this.name = name;
    this.hostPath = hostPath;
    this.#budget = budget;
    this.#stats = stats;
  }

  get kind(): NodeKind {
    return kindOf(this.#lstat());
  }

  get target(): BytePath {
    return this.kind === 'symlink' ? readlinkSync(fsPath(this.hostPath), 'latin1') : '';
  }

  children(): readonly MountedNode[] {
    if (this.kind !== 'directory') return [];
    const names = readNames(this.hostPath || '/');
    this.#budget?.spend({ entries: names.length });
    return names.map((name) => new MountedNode(`${this.hostPath}/${name}`, name, this.#budget));
  }

  /** One entry, without reading the folder. */
  child(name: BytePath): MountedNode | undefined {
    if (this.kind !== 'directory') return undefined;
    const hostPath = `${this.hostPath}/${name}`;
    const stats = lstatSync(fsPath(hostPath), { bigint: true, throwIfNoEntry: false });
    return stats && new MountedNode(hostPath, name, this.#budget, stats);
  }

  digest(): Digest {
    return (this.#digest ??= this.#hash());
  }

  #hash(): Digest {
    // BuildKit looks for device numbers here and never finds any, so mounted devices count without them.
    const { kind, target } = this;
    const attributes = this.attributes();
    const head = header({ ...attributes, kind, target, xattrs: this.xattrs() });
    if (kind !== 'file' || attributes.size === 0) return digestOf(head);
    this.#budget?.spend({ bytes: attributes.size });
    return fileDigest(this.hostPath, head, { check: () => this.#budget?.spend({}) }).digest;
  }

  xattrs(): readonly Xattr[] {
    return readXattrs(this.hostPath);
  }

  /** A mounted tree does not change. */
  verify(): void {}

  attributes(): Attributes {
    const { mode, uid, gid, size, mtimeNs, rdev, nlink, dev, ino } = this.#lstat();
    return {
      mode: Number(mode) & 0o7777,
      uid: Number(uid),
      gid: Number(gid),
      size: Number(size),
      mtime: mtimeNs,
      rdev: Number(rdev),
      link: nlink > 1n && this.kind !== 'directory' ? `${dev}:${ino}` : undefined,
    };
  }

  #lstat(): BigIntStats {
    return (this.#stats ??= lstatSync(fsPath(this.hostPath || '/'), { bigint: true }));
  }
}

/** Which kind of entry a mode says. */
export function kindOf({ mode }: { readonly mode: number | bigint }): NodeKind {
  return kinds[(Number(mode) >> 12) & 0xf] ?? 'file';
}

/** By the four bits of the type in st_mode. */
const kinds: readonly (NodeKind | undefined)[] = Object.assign([], {
  1: 'fifo',
  2: 'character',
  4: 'directory',
  6: 'block',
  8: 'file',
  10: 'symlink',
  12: 'socket',
});

/**
 * The extended attributes of the path itself, without the marks of what its layers lie in. One that vanishes while we
 * look is left out.
 */
export function readXattrs(path: BytePath): Xattr[] {
  const xattrs: Xattr[] = [];
  for (const name of listXattrs(fsPath(path))) {
    if (isMark(name)) continue;
    const value = getXattr(fsPath(path), name);
    if (value) xattrs.push({ name, value });
  }
  return xattrs;
}
