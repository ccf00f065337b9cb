import { closeSync, openSync } from 'node:fs';
import { mountedTree } from '../cache/mounted-tree.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import { resolveInTree, type TreeNode } from '../cache/tree.ts';
import type { ReadableTree, SolvedTree, TreeEntry } from '../frontend/program-bridge.ts';
import type { Job } from '../session/job.ts';
import { bytePath, fsPath, textOf } from '../std/byte-path.ts';
import { deviceParts } from '../sys/mknod.ts';
import { entryFilter, readRange, unreadable } from './read-range.ts';

/** A tree that a frontend asked for. Nothing is mounted before it is read, and a client's folder never is. */
export class RefTree implements SolvedTree {
  readonly ref: ImmutableRef;
  readonly #job: Job;
  readonly #opened = new AsyncDisposableStack();
  #tree: Promise<ReadableTree> | undefined;

  /** Takes over the ref. */
  constructor(ref: ImmutableRef, job: Job) {
    this.ref = this.#opened.use(ref);
    this.#job = job;
  }

  async readFile(...asked: Parameters<ReadableTree['readFile']>): Promise<Uint8Array> {
    return (await this.#open()).readFile(...asked);
  }

  async readDir(...asked: Parameters<ReadableTree['readDir']>): Promise<readonly TreeEntry[]> {
    return (await this.#open()).readDir(...asked);
  }

  async stat(path: string): Promise<TreeEntry> {
    return (await this.#open()).stat(path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }

  #open(): Promise<ReadableTree> {
    return (this.#tree ??= this.#mount());
  }

  async #mount(): Promise<ReadableTree> {
    const lent = this.ref.tree?.root;
    if (lent) return readableTree(() => lent);
    const { path } = this.#opened.use(await this.ref.mount(this.#job));
    return folderTree(path);
  }
}

/** The tree that is mounted at a path, where nobody changes it; `live-tree.ts` is for those that somebody may. */
export function folderTree(path: string): ReadableTree {
  return readableTree(() => mountedTree(bytePath(path)));
}

function readableTree(root: () => TreeNode): ReadableTree {
  const find = (path: string, call: string): TreeNode => {
    const { node } = resolveInTree(root(), bytePath(path), { followLast: true });
    if (node) return node;
    throw unreadable(path, `${call} ${path}: no such file or directory`);
  };
  return {
    async readFile(path, range) {
      const node = find(path, 'open');
      if (node.kind !== 'file') throw unreadable(path, `${path} is not a regular file`);
      const fd = openSync(fsPath(node.hostPath), 'r');
      let bytes;
      try {
        bytes = readRange(fd, path, range);
      } finally {
        closeSync(fd);
      }
      node.verify();
      return bytes;
    },
    async readDir(path, pattern) {
      const node = find(path, 'open');
      if (node.kind !== 'directory') throw unreadable(path, `${path} is not a directory`);
      const wanted = entryFilter(pattern);
      return node
        .children()
        .filter((child) => wanted(textOf(child.name), child.kind === 'directory'))
        .map(entryOf);
    },
    stat: async (path) => entryOf(find(path, 'stat')),
  };
}

function entryOf(node: TreeNode): TreeEntry {
  const { mode, uid, gid, size, mtime, rdev } = node.attributes();
  return {
    name: textOf(node.name) || '/',
    kind: node.kind,
    mode,
    uid,
    gid,
    size: node.kind === 'file' ? size : 0,
    mtime: mtime ?? 0n,
    target: textOf(node.target),
    device: deviceParts(rdev),
    xattrs: node.xattrs(),
  };
}
