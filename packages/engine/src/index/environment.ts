// One lmdb environment: opened once in a process however many ask for it, and by one process at a time. This file is the
// home of lmdb, which is loaded when an environment is first opened.

import { closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { asDiskFull, diskFull } from '../std/disk-full.ts';
import { Failed } from '../std/failed.ts';
import { type Lock, tryLock } from '../std/lock.ts';
import type { IndexFailure } from './failure.ts';

export interface Environment extends AsyncDisposable {
  readonly root: RootDatabase;
}

interface Opened {
  readonly path: string;
  readonly root: RootDatabase;
  users: number;
}

/** By device and inode. Opened twice in a process, lmdb would lose its lock on the file once it finds that out. */
const environments = new Map<string, Opened>();

/** Opens the environment in the file `path`, which is made if it is not there. */
export function openEnvironment(path: string): Environment {
  const opened = environments.get(identity(path) ?? '') ?? { path, root: openRoot(path), users: 0 };
  if (opened.users++ === 0) {
    if (environments.size === 0) process.once('exit', leave);
    environments.set(identity(path)!, opened);
  }
  let open = true;
  return {
    root: opened.root,
    [Symbol.asyncDispose]: async () => {
      if (!open) return;
      open = false;
      if (--opened.users === 0) await close(opened);
    },
  };
}

async function close(opened: Opened): Promise<void> {
  for (const [id, each] of environments) if (each === opened) environments.delete(id);
  if (environments.size === 0) process.off('exit', leave);
  using _door = atTheDoor(opened.path);
  await opened.root.close();
}

/** What is open when the process ends is closed by lmdb itself after this, so the doors stay ours until we are gone. */
function leave(): void {
  for (const { path } of environments.values()) if (existsSync(path)) atTheDoor(path);
}

function identity(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false });
  return file && `${file.dev}:${file.ino}`;
}

function openRoot(path: string): RootDatabase {
  // lmdb writes the file beside the data through mapped memory, where a full disk is no error but the end of the process.
  if (free(path) < spaceToStart && !statSync(`${path}-lock`, { throwIfNoEntry: false })) throw diskFull(path);
  const { open } = load();
  using _door = atTheDoor(path);
  return guarded(path, () => open({ path, maxDbs: 64, maxReaders: 1024, ...options }));
}

const options = {
  /** Otherwise each commit would wait for the disk twice, only so that the last one survives a loss of power. */
  noMetaSync: true,
  /** Flushes after the commit what `transactionSync` waits for all the same. */
  overlappingSync: false,
  /** Kept from one transaction to the next, the list of free pages may be older than what another process wrote. */
  maxFreeSpaceToRetain: 0,
};

/**
 * One process at a time opens or closes: who closes last destroys the locks in lmdb's file, and who opened it at that very
 * moment would work with destroyed ones. Others take microseconds, unless one of them was stopped just there.
 */
function atTheDoor(path: string): Lock {
  const end = Date.now() + patience;
  try {
    for (;;) {
      const door = tryLock(`${path}-door`);
      if (door) return door;
      if (Date.now() > end) throw new Error(`another process has been opening or closing ${path} for a minute`);
      Atomics.wait(pause, 0, 0, 1);
    }
  } catch (error) {
    throw asDiskFull(error, path);
  }
}

/** In milliseconds. */
const patience = 60_000;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * lmdb's loader has to know the C library, and loads much to find out, unless the environment says it. Here Node's own
 * file says it, where it names its interpreter.
 */
function load(): typeof import('lmdb') {
  const require = createRequire(import.meta.url);
  const libc = process.env['LIBC'] === undefined ? libcOf(process.execPath) : undefined;
  if (libc === undefined) return require('lmdb') as typeof import('lmdb');
  process.env['LIBC'] = libc;
  try {
    return require('lmdb') as typeof import('lmdb');
  } finally {
    delete process.env['LIBC'];
  }
}

function libcOf(program: string): string | undefined {
  const start = Buffer.alloc(4096);
  const fd = openSync(program, 'r');
  try {
    readSync(fd, start);
  } finally {
    closeSync(fd);
  }
  if (start.includes('/ld-linux-')) return 'glibc';
  return start.includes('/ld-musl-') ? 'musl' : undefined;
}

function free(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

const spaceToStart = 1 << 20;

/** Runs what calls lmdb, and tells its errors in our words. */
export function guarded<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw told(path, error);
  }
}

/** lmdb's errors in our words. Their `code` is an errno, or one of lmdb's own numbers below zero. */
function told(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // lmdb says EIO where the disk took only a part of a write, which is what a disk does that is just getting full.
  if (code === ENOSPC || code === EDQUOT || (code === EIO && free(path) < spaceToStart)) return diskFull(path, error);
  if (typeof code === 'number' && damage.has(code)) {
    const message = `the index ${path} is damaged (${(error as Error).message}); remove the cache folder to start anew`;
    return new Failed<IndexFailure>({ kind: 'index-damaged', path, message }, { cause: error });
  }
  return error;
}

const EIO = 5;
const ENOSPC = 28;
const EDQUOT = 122;
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_VERSION_MISMATCH, MDB_INVALID. */
const damage = new Set([-30797, -30796, -30794, -30793]);
