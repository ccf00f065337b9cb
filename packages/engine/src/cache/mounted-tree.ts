import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import { digestOf, type Digest } from '../oci/digest.ts';
import { fsPath, type BytePath } from '../std/byte-path.ts';
import { readNames } from '../std/names.ts';
import { isMark } from '../snapshot/marks.ts';
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

class MountedNode implements TreeNode {
  readonly name: BytePath;
  readonly hostPath: BytePath;
  readonly kind: NodeKind;
  readonly #stats: BigIntStats;
  readonly #budget: Budget | undefined;
  #target: BytePath | undefined;
  #children: readonly MountedNode[] | undefined;
  #byName: Map<BytePath, MountedNode | undefined> | undefined;
  #digest: Digest | undefined;

  constructor(
    hostPath: BytePath,
    name: BytePath,
    budget: Budget | undefined,
    stats = lstatSync(fsPath(hostPath || '/'), { bigint: true }),
  ) {
    this.name = name;
    this.hostPath = hostPath;
    this.#stats = stats;
    this.#budget = budget;
    this.kind = kindOf(stats);
  }

  get target(): BytePath {
    return (this.#target ??= this.kind === 'symlink' ? readlinkSync(fsPath(this.hostPath), 'latin1') : '');
  }

  children(): readonly MountedNode[] {
    if (this.kind !== 'directory') return [];
    return (this.#children ??= this.#read());
  }

  #read(): MountedNode[] {
    const names = readNames(this.hostPath || '/');
    this.#budget?.spend({ entries: names.length });
    return names.map((name) => new MountedNode(`${this.hostPath}/${name}`, name, this.#budget));
  }

  /** One entry, without reading the folder. */
  child(name: BytePath): MountedNode | undefined {
    if (this.kind !== 'directory') return undefined;
    const known = (this.#byName ??= new Map(this.#children?.map((child) => [child.name, child])));
    if (known.has(name)) return known.get(name);
    const hostPath = `${this.hostPath}/${name}`;
    const stats = lstatSync(fsPath(hostPath), { bigint: true, throwIfNoEntry: false });
    const child = stats && new MountedNode(hostPath, name, this.#budget, stats);
    known.set(name, child);
    return child;
  }

  digest(): Digest {
    return (this.#digest ??= this.#hash());
  }

  #hash(): Digest {
    // BuildKit looks for device numbers here and never finds any, so mounted devices count without them.
    const head = header({
      ...this.attributes(),
      kind: this.kind,
      target: this.target,
      xattrs: this.xattrs(),
    });
    if (this.kind !== 'file' || this.#stats.size === 0n) return digestOf(head);
    this.#budget?.spend({ bytes: Number(this.#stats.size) });
    return fileDigest(this.hostPath, head).digest;
  }

  xattrs(): readonly Xattr[] {
    return readXattrs(this.hostPath);
  }

  /** A mounted tree does not change. */
  verify(): void {}

  attributes(): Attributes {
    const { mode, uid, gid, size, mtimeNs, rdev, nlink, dev, ino } = this.#stats;
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
