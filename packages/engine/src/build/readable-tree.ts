import { closeSync, openSync, readSync } from 'node:fs';
import { mountedTree } from '../cache/mounted-tree.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import { resolveInTree, type TreeNode } from '../cache/tree.ts';
import type { ReadableTree, SolvedTree, TreeEntry } from '../frontend/program-bridge.ts';
import type { Job } from '../session/job.ts';
import { bytePath, fsPath, textOf } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import { globStarExpression } from '../std/glob.ts';
import { deviceParts } from '../sys/mknod.ts';
import type { BuildFailure } from './failure.ts';

/** The largest file that a frontend may read: 16 MiB, which is what a message of the gateway may have. */
export const maxFile = 16 << 20;

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

/** The tree at a path, which may change while it is read. */
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
      const { size } = node.attributes();
      const offset = Math.min(range?.offset ?? 0, size);
      const length = Math.min(range?.length ?? size, size - offset);
      if (offset < 0 || length < 0) throw unreadable(path, `${path} has no bytes before its first`);
      if (length > maxFile) {
        const message = `${path} has ${size} bytes: a frontend reads at most ${maxFile}`;
        throw new Failed<BuildFailure>({ kind: 'file-too-large', path, message });
      }
      const bytes = readPart(node, { offset, length });
      node.verify();
      return bytes;
    },
    async readDir(path, pattern) {
      const node = find(path, 'open');
      if (node.kind !== 'directory') throw unreadable(path, `${path} is not a directory`);
      const [first = '', ...deeper] = (pattern ?? '').split('/');
      const wanted = first === '' ? undefined : globStarExpression(first);
      return node
        .children()
        .filter((child) => {
          if (!wanted) return true;
          return wanted.test(textOf(child.name)) && (deeper.length === 0 || child.kind === 'directory');
        })
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

function readPart({ hostPath }: TreeNode, { offset, length }: { readonly offset: number; readonly length: number }) {
  const bytes = new Uint8Array(length);
  const fd = openSync(fsPath(hostPath), 'r');
  try {
    let read = 0;
    while (read < length) {
      const more = readSync(fd, bytes, read, length - read, offset + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, message: string): Failed<BuildFailure> {
  return new Failed<BuildFailure>({ kind: 'file-unreadable', path, message });
}
