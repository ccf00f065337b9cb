// Copying a path of one tree to a path of another, with cp's and BuildKit's answers to what a slash at the end, an
// existing folder or a symlink in the way means.

import { posix } from 'node:path';
import { textOf, type BytePath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import { Copier, type CopierOptions } from './copy/copier.ts';
import { parentOf, type Destination, type FolderLook } from './copy/destination.ts';
import type { CopyFailure } from './copy/failure.ts';
import { resolveInTree, type TreeNode } from './tree.ts';

export interface CopyPathOptions extends CopierOptions {
  /** Absolute in the source, without wildcards. */
  readonly src: BytePath;
  /** Absolute in the destination; a `/` or `/.` at its end says that it is a folder. */
  readonly dest: BytePath;
  /** A source that is a symlink stands for what it leads to. */
  readonly followLinks: boolean;
  /** A folder is copied by its contents, not into what exists. */
  readonly contentsOnly: boolean;
  /** How missing folders on the way are made. */
  readonly folders: FolderLook;
}

/** Copies one path. Throws `Failed<CopyFailure>`. The folders' times are the destination's to `apply` afterwards. */
export function copyPath(source: TreeNode, destination: Destination, options: CopyPathOptions): void {
  const { src, dest, followLinks, contentsOnly, folders } = options;
  const around = /[^/]$/.test(dest) && !dest.endsWith('/.') ? parentOf(dest) : dest;
  destination.makeFolders(destination.resolve(around), folders);
  const { node } = resolveInTree(source, src, { followLast: followLinks });
  if (!node) throw missing(src);
  let target = destination.resolve(dest);
  const found = destination.stat(target);
  const directory = node.kind === 'directory';
  const into = directory ? found !== undefined && !contentsOnly : found?.isDirectory();
  if (into) target = joined(target, posix.basename(src));
  const itself = contentsOnly && directory && !found;
  destination.makeFolders(itself ? target : parentOf(target), folders);
  new Copier(destination, options).copy(node, target);
}

/** The root's own name is nothing. */
function joined(target: BytePath, name: BytePath): BytePath {
  return name === '' || name === '.' ? target : `${target}/${name}`;
}

function missing(src: BytePath): Failed<CopyFailure> {
  const path = textOf(src);
  return new Failed<CopyFailure>({ kind: 'copy-source-missing', path, message: `${JSON.stringify(path)}: not found` });
}
