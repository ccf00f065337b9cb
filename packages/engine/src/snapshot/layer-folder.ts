import { mkdirSync } from 'node:fs';
import { type BytePath, bytePath, fsPath } from '../std/byte-path.ts';
import { setTimes } from '../sys/utimens.ts';
import { copyAttributes, transfer, type Transfer } from './copy.ts';
import type { Change, Parent } from './diff.ts';
import { writeMark, writeWhiteout } from './marks.ts';
import { lstat } from './tree.ts';

type Written = Extract<Change, { readonly stats: unknown }>;

/**
 * Writes changes as a layer's folder in overlay form, with nothing that depends on what the layer lies on: a whiteout for
 * each thing that is gone, and no opaque folders. So it says the same on any tree.
 */
export class LayerFolder {
  readonly #home: string;
  readonly #root: BytePath;
  readonly #how: Transfer;
  readonly #folders = new Map<BytePath, Parent>();
  readonly #linked = new Map<bigint, true>();
  readonly #unmodified = new Map<bigint, Written[]>();
  #whiteouts = false;
  #usage = { blocks: 0n, inodes: 0 };

  constructor(root: string, how: Transfer) {
    this.#home = root;
    this.#root = bytePath(root);
    this.#how = how;
  }

  write(change: Change): void {
    if (change.kind === 'delete') {
      this.#parents(change.parent);
      writeWhiteout(this.#path(change.path));
      this.#usage.inodes++;
      this.#whiteouts = true;
    } else if (change.stats.isDirectory()) this.#parents(change);
    else this.#file(change);
  }

  /** Call when every change was written: folders get their times, and the layer a note of what it takes. */
  end(): void {
    if (this.#whiteouts && this.#how === 'link') writeMark(this.#home, 'whiteouts', 'of anything');
    for (const { path, stats } of [...this.#folders.values()].reverse()) {
      setTimes(fsPath(this.#path(path)), { atime: stats.atimeNs, mtime: stats.mtimeNs });
    }
    if (this.#how === 'link') {
      const usage = `${this.#usage.blocks * 512n} ${this.#usage.inodes + this.#folders.size + 1}`;
      writeMark(this.#home, 'usage', usage);
    }
  }

  #file(change: Written): void {
    const { stats } = change;
    if (stats.nlink > 1n) {
      const others = this.#unmodified.get(stats.ino) ?? [];
      if (change.kind === 'unmodified' && !this.#linked.has(stats.ino)) {
        this.#unmodified.set(stats.ino, [...others, change]);
        return;
      }
      // One name is new, so the names that were there before must stay names of the same file.
      this.#linked.set(stats.ino, true);
      this.#unmodified.delete(stats.ino);
      for (const other of others) this.#put(other);
    }
    this.#put(change);
  }

  #put({ path, source, stats, parent }: Written): void {
    this.#parents(parent);
    if (transfer({ source, stats }, this.#path(path), this.#how)) return;
    this.#usage.blocks += stats.blocks;
    this.#usage.inodes++;
  }

  #parents(folder: Parent | undefined): void {
    if (folder === undefined || this.#folders.has(folder.path)) return;
    this.#parents(folder.parent);
    const path = this.#path(folder.path);
    mkdirSync(fsPath(path));
    copyAttributes(folder, path);
    this.#folders.set(folder.path, folder);
    this.#usage.blocks += lstat(path)?.blocks ?? 0n;
  }

  #path(path: BytePath): BytePath {
    return `${this.#root}/${path}`;
  }
}
