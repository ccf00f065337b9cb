import { posix } from 'node:path';
import { type TaskContext, task } from '../pool/tasks.ts';
import { copyAttributes, copyTreeHere } from '../snapshot/copy.ts';
import { lookupPath, lstat, rootOf } from '../snapshot/tree.ts';
import { bytePath, fsPath } from '../std/byte-path.ts';

export interface SeedOptions {
  /** The tree's folders, uppermost first. */
  readonly folders: readonly string[];
  /** Folder in the tree that is copied. Where it is none, nothing is. */
  readonly path: string;
  /** Empty folder that gets the copy. */
  readonly to: string;
}

/** Copies a folder of a tree with its own attributes. Run it on the pool. */
export const copySeed = task(import.meta.url, copySeedHere);

export function copySeedHere({ folders, path, to }: SeedOptions, context: TaskContext): void {
  // Lexically: `..` at the root stays there.
  const names = posix
    .normalize(`/${path}`)
    .split('/')
    .filter((name) => name !== '');
  const root = rootOf(folders);
  const chosen = names.length === 0 ? root : lookupPath(root, names.map(bytePath))?.folder;
  const [first] = chosen ?? [];
  if (chosen === undefined || first === undefined) return;
  copyTreeHere({ folders: chosen.map((folder) => fsPath(folder).toString()), to, how: 'copy' }, context);
  copyAttributes({ source: first, stats: lstat(first)! }, bytePath(to));
}
