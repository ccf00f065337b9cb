// Puts trees into a folder of the client's, beside what is there. Runs on the pool.

import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { task, type TaskContext } from '../pool/tasks.ts';
import { bytePath, fsPath, textOf, type BytePath } from '../std/byte-path.ts';
import { readNames } from '../std/names.ts';
import { uniqueName } from '../std/temp.ts';
import { deviceParts, makeSpecialFile } from '../sys/mknod.ts';
import { setTimes } from '../sys/utimens.ts';
import { setXattr } from '../sys/xattr.ts';
import { treeEntries, xattrsOf, type TreeEntry } from './tree-entries.ts';
import { SharedPaths, type ExportTree } from './trees.ts';

export interface CopyTree {
  readonly trees: readonly ExportTree[];
  /** Absolute path of the folder, without links. */
  readonly destination: string;
}

/** Copies trees; gives the paths in the folder that came from them. */
export const copyTree = task(import.meta.url, copyTreeHere);

/** Removes all of a folder but `kept` and the folders above those. */
export const removeStale = task(import.meta.url, removeStaleHere);

export function copyTreeHere({ trees, destination }: CopyTree, { check }: TaskContext): BytePath[] {
  const kept: BytePath[] = [];
  const shared = trees.length > 1 && trees.every(({ prefix }) => prefix === '') ? new SharedPaths() : undefined;
  const top = bytePath(destination);
  for (const tree of trees) {
    const prefix = bytePath(tree.prefix);
    const times: { readonly path: BytePath; readonly mtime: bigint }[] = [];
    if (prefix !== '') {
      makeFolder(`${top}/${prefix}`, 0o755);
      kept.push(prefix);
      if (tree.epoch !== undefined) times.push({ path: `${top}/${prefix}`, mtime: nanoseconds(tree.epoch) });
    }
    const below = prefix === '' ? '' : `${prefix}/`;
    for (const entry of treeEntries(tree.root)) {
      check();
      if (entry.type !== 'folder') shared?.claim(textOf(entry.path), tree);
      const path = `${top}/${below}${entry.path}`;
      const mtime = tree.epoch === undefined ? entry.stats.mtimeNs : nanoseconds(tree.epoch);
      kept.push(`${below}${entry.path}`);
      if (entry.type === 'folder') {
        makeFolder(path, permissions(entry.stats));
        copyXattrs(entry, path);
        times.push({ path, mtime });
      } else replace(entry, { path, linkTo: `${top}/${below}${entry.link ?? ''}`, mtime });
    }
    for (const { name, bytes } of tree.statements) {
      shared?.claim(name, tree);
      writeStatement(`${top}/${below}${bytePath(name)}`, bytes, nanoseconds(tree.epoch ?? 0));
      kept.push(`${below}${bytePath(name)}`);
    }
    // A folder's time goes last, lower ones first: whatever is put into it moves it.
    for (const { path, mtime } of times.reverse()) setTimes(fsPath(path), { mtime });
  }
  return kept;
}

export function removeStaleHere(
  { destination, kept }: { readonly destination: string; readonly kept: readonly BytePath[] },
  { check }: TaskContext,
): void {
  const wanted = new Set(kept);
  const top = bytePath(destination);
  const visit = (folder: BytePath): void => {
    for (const name of readNames(folder === '' ? top : `${top}/${folder}`)) {
      check();
      const path = folder === '' ? name : `${folder}/${name}`;
      if (!wanted.has(path)) rmSync(fsPath(`${top}/${path}`), { recursive: true, force: true });
      else if (found(`${top}/${path}`)?.isDirectory()) visit(path);
    }
  };
  visit('');
}

/** A real folder of this mode; a file or a link that has its name gives way. */
function makeFolder(path: BytePath, mode: number): void {
  const there = found(path);
  if (there && !there.isDirectory()) rmSync(fsPath(path));
  if (!there?.isDirectory()) mkdirSync(fsPath(path));
  chmodSync(fsPath(path), mode);
}

/** Makes the entry beside its place and moves it there, so that nobody sees a half of it. */
function replace(
  entry: TreeEntry,
  { path, linkTo, mtime }: { readonly path: BytePath; readonly linkTo: BytePath; readonly mtime: bigint },
): void {
  const temporary = `${path.slice(0, path.lastIndexOf('/') + 1)}.${uniqueName()}`;
  const at = fsPath(temporary);
  const mode = permissions(entry.stats);
  try {
    switch (entry.type) {
      case 'file':
        copyFileSync(fsPath(entry.source), at, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        break;
      case 'link':
        linkSync(fsPath(linkTo), at);
        break;
      case 'symlink':
        symlinkSync(fsPath(entry.link!), at);
        break;
      case 'fifo':
        makeSpecialFile(at, { kind: 'fifo', mode });
        break;
      case 'character':
      case 'block':
        makeSpecialFile(at, { kind: entry.type, mode, ...deviceParts(entry.stats.rdev) });
        break;
      case 'folder':
        throw new Error('folders are made, not replaced');
    }
    if (entry.type !== 'link') {
      if (entry.type !== 'symlink') chmodSync(at, mode);
      copyXattrs(entry, temporary);
      setTimes(at, { mtime });
    }
    if (found(path)?.isDirectory()) rmSync(fsPath(path), { recursive: true });
    renameSync(at, fsPath(path));
    // rename(2) leaves both names where they are one file already.
    if (entry.type === 'link') rmSync(at, { force: true });
  } catch (error) {
    rmSync(at, { force: true });
    throw error;
  }
}

/** As BuildKit leaves it: for its owner alone. */
function writeStatement(path: BytePath, bytes: Uint8Array, mtime: bigint): void {
  const at = fsPath(`${path.slice(0, path.lastIndexOf('/') + 1)}.${uniqueName()}`);
  try {
    writeFileSync(at, bytes, { mode: 0o600, flag: 'wx' });
    setTimes(at, { mtime });
    if (found(path)?.isDirectory()) rmSync(fsPath(path), { recursive: true });
    renameSync(at, fsPath(path));
  } catch (error) {
    rmSync(at, { force: true });
    throw error;
  }
}

/** As far as the destination's file system has such attributes. */
function copyXattrs(entry: TreeEntry, path: BytePath): void {
  for (const [name, value] of Object.entries(xattrsOf(entry))) {
    try {
      setXattr(fsPath(path), name, Buffer.from(value, 'latin1'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EOPNOTSUPP' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
    }
  }
}

function found(path: BytePath): BigIntStats | undefined {
  return lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
}

function permissions(stats: BigIntStats): number {
  return Number(stats.mode) & 0o7777;
}

function nanoseconds(seconds: number): bigint {
  return BigInt(seconds) * 1_000_000_000n;
}
