// Mount points that a tree does not have. They are made before the process runs, and what is still there of them
// afterwards is taken away, so that no layer shows them (EX-019). The folders they stood in get their old time back,
// unless the process itself changed them.

import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { Failed } from '../std/failed.ts';
import { setTimes } from '../sys/utimens.ts';
import type { ExecutorFailure } from './failure.ts';
import { rootPath } from './root-path.ts';

export interface MountPoint {
  /** Path in the container. */
  readonly target: string;
  readonly kind: 'file' | 'folder';
  /** Permission bits of a folder that is made; 0755 unless said. */
  readonly mode?: number;
}

interface Times {
  readonly atime: bigint;
  readonly mtime: bigint;
}

/**
 * Makes what `points` lack in the tree at `root`. Disposing removes it again: all that was made for a point when
 * `recursive`, else only the point itself. Points under one of `hidden` or under an earlier point are left to the
 * runtime, because they lie in another file system.
 */
export function makeStubs(
  root: string,
  points: readonly MountPoint[],
  { hidden, recursive }: { readonly hidden: readonly string[]; readonly recursive: boolean },
): Disposable {
  const stubs: string[] = [];
  /** By folder, its times before anything was made in it, and its time right after. */
  const folders = new Map<string, { readonly before: Times; after: bigint }>();
  const mounted = [...hidden];
  for (const point of points) {
    const target = posix.resolve('/', point.target);
    if (target !== '/' && !mounted.some((place) => isBelow(target, place))) {
      makePoint(root, { ...point, target }, { recursive, stubs, folders });
    }
    if (target !== '/') mounted.push(target);
  }
  return {
    [Symbol.dispose]: () => {
      for (const stub of stubs.reverse()) removeStub(root, stub, folders);
    },
  };
}

/** Whether `target` is in the folder `place`, or is that folder's mount point itself. */
function isBelow(target: string, place: string): boolean {
  return target === place || target.startsWith(place.endsWith('/') ? place : `${place}/`);
}

function makePoint(
  root: string,
  point: MountPoint,
  {
    recursive,
    stubs,
    folders,
  }: {
    readonly recursive: boolean;
    readonly stubs: string[];
    readonly folders: Map<string, { before: Times; after: bigint }>;
  },
): void {
  const path = rootPath(root, point.target);
  const missing: string[] = [];
  for (let at = path; at !== root && !exists(at); at = dirname(at)) missing.push(at);
  for (const at of missing.reverse())
    refusedByTree(point.target, () => {
      const parent = dirname(at);
      const before = folders.get(parent)?.before ?? timesOf(parent);
      if (at !== path) makeFolder(at);
      else if (point.kind === 'file') makeFile(at);
      else makeFolder(at, point.mode);
      folders.set(parent, { before, after: timesOf(parent).mtime });
      if (at === path || recursive) stubs.push(at);
    });
}

/** Says of a tree that cannot be written what it lacks. */
function refusedByTree(target: string, make: () => void): void {
  try {
    make();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EROFS') throw cause;
    const message = `${target} does not exist, and cannot be made because the root filesystem is read-only`;
    throw new Failed<ExecutorFailure>({ kind: 'runtime', message }, { cause });
  }
}

function makeFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o755));
  chmodSync(path, 0o755);
}

/** Whatever the umask is. */
function makeFolder(path: string, mode = 0o755): void {
  mkdirSync(path, { mode });
  chmodSync(path, mode);
}

function removeStub(root: string, stub: string, folders: ReadonlyMap<string, { before: Times; after: bigint }>): void {
  const parent = dirname(stub);
  // The process may have put a symlink in the way.
  if (rootPath(root, parent.slice(root.length)) !== parent) return;
  const stats = lstatSync(stub, { throwIfNoEntry: false });
  if (!stats) return;
  if (stats.isDirectory() ? readdirSync(stub).length > 0 : stats.size !== 0 || !stats.isFile()) return;
  const times = timesOf(parent);
  if (stats.isDirectory()) rmdirSync(stub);
  else unlinkSync(stub);
  const folder = folders.get(parent);
  setTimes(parent, folder?.after === times.mtime ? folder.before : times);
}

function timesOf(path: string): Times {
  const { atimeNs, mtimeNs } = statSync(path, { bigint: true });
  return { atime: atimeNs, mtime: mtimeNs };
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** Makes the folder `path` of the container with its parents where they are missing, owned by who will work in it. */
export function makeWorkingFolder(
  root: string,
  path: string,
  {
    uid,
    gid,
    chown,
  }: { readonly uid: number; readonly gid: number; readonly chown: (path: string, uid: number, gid: number) => void },
): void {
  let at = root;
  for (const name of rootPath(root, path).slice(root.length).split(sep).filter(Boolean)) {
    at = join(at, name);
    if (exists(at)) continue;
    refusedByTree(path, () => {
      makeFolder(at);
      chown(at, uid, gid);
    });
  }
}
