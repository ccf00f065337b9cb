import { appendFileSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { task, type TaskContext } from '../../pool/tasks.ts';
import { writeMark } from '../../snapshot/marks.ts';
import { bytePath, fsPath, type BytePath } from '../../std/byte-path.ts';
import { asDiskFull } from '../../std/disk-full.ts';
import type { TreeNode } from '../tree.ts';
import { parentOf } from './destination.ts';
import { FolderTimes } from './folder-times.ts';

/**
 * The files that a copy writes, with what tells whether a later copy would write the same: what lstat says of the file that
 * was copied, its change time included. Where an earlier copy wrote the same to the same path, nothing is written: the
 * path is to be linked to that copy's file when the tree is no longer mounted.
 */
export class WrittenFiles {
  /** Paths in the destination that are to be linked. */
  readonly links: BytePath[] = [];
  readonly #earlier: ReadonlyMap<BytePath, string>;
  readonly #list: string[] = [];
  readonly #began: number;
  #several: boolean;
  #untrue = false;

  /**
   * `began`: when the copy began, in milliseconds since the epoch; `list`: what an earlier copy wrote; `several`: whether
   * more than one source goes to one place.
   */
  constructor({
    began,
    list,
    several = false,
  }: {
    readonly began: number;
    readonly list?: string | undefined;
    readonly several?: boolean;
  }) {
    this.#began = began;
    this.#earlier = list === undefined ? new Map() : read(list);
    this.#several = several;
  }

  /** More than one source goes to one place from here on. */
  takesSeveral(): void {
    this.#several = true;
  }

  /** Something is about to take another's place, which may be what an earlier source wrote. */
  replaces(): void {
    this.#untrue ||= this.#several;
  }

  /** A file is about to be made at a path where nothing was if it is `vacant`. Whether it is left out: it will be linked. */
  leavesOut(node: TreeNode, path: BytePath, { vacant }: { readonly vacant: boolean }): boolean {
    const identity = node.identity?.(this.#began);
    if (identity === undefined) return false;
    this.#list.push(path, identity);
    if (!vacant || this.#earlier.get(path) !== identity) return false;
    this.links.push(path);
    return true;
  }

  /** Adds to the list for a later copy, unless the disk has no room for it, or a file is another one by now. */
  write(file: string): void {
    if (this.#untrue) return rmSync(file, { force: true });
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const text = this.#list.map((each) => `${each}\0`).join('');
      appendFileSync(file, Buffer.from(text, 'latin1'), { mode: 0o600 });
    } catch (error) {
      if (asDiskFull(error, file) === error) throw error;
      rmSync(file, { force: true });
    }
  }
}

/** A list that is gone, or was cut short, says less. */
function read(file: string): ReadonlyMap<BytePath, string> {
  let parts: readonly string[];
  try {
    parts = readFileSync(file, 'latin1').split('\0');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const files = new Map<BytePath, string>();
  for (let i = 0; i + 1 < parts.length; i += 2) files.set(parts[i]!, parts[i + 1]!);
  return files;
}

/** Links to be made in a layer's folder that nobody has mounted. */
export interface LinkOrder {
  readonly paths: readonly BytePath[];
  /** The folders of an earlier layer and of the new one. */
  readonly from: string;
  readonly to: string;
}

/**
 * Gives files of an earlier layer a name in a new one; folders keep their times. Layers never change, so nobody sees that
 * they share files. Says whether all could be linked: the earlier layer may be gone, a file have all names it can have, or
 * another source have come to its path.
 */
export function linkHere({ paths, from, to }: LinkOrder, { check }: TaskContext): boolean {
  const [source, target] = [bytePath(from), bytePath(to)];
  const times = new FolderTimes();
  for (const path of paths) {
    check();
    times.touch(parentOf(target + path));
    try {
      linkSync(fsPath(source + path), fsPath(target + path));
    } catch (error) {
      if (refusals.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }
  times.apply();
  if (paths.length > 0) writeMark(to, 'shared', 'y');
  return true;
}

export const linkTask = task(import.meta.url, linkHere);

const refusals = new Set(['ENOENT', 'EEXIST', 'EMLINK', 'EXDEV', 'EPERM', 'ENOTDIR']);
