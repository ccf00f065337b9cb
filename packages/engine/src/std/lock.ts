// Locks between processes (and between the openers in one): a file with a kernel lock on it, which dies with its owner.

import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from 'node:fs';
import { tryFlock, unflock } from '../sys/flock.ts';
import { onClosed } from '../sys/inotify.ts';

export type LockMode = 'shared' | 'exclusive';

/** A held lock. Disposing lets go. */
export interface Lock extends Disposable {
  readonly path: string;
  /** Descriptor of the locked file, open for reading and writing. */
  readonly fd: number;
  /** Lets go and removes the file, so that locks of passing things leave nothing. For exclusive ones. */
  remove(): void;
}

/**
 * Takes the lock in the file `path` (made when it is not there, its folder must be), or says undefined because somebody
 * has it in a way that excludes this one.
 */
export function tryLock(path: string, mode: LockMode = 'exclusive'): Lock | undefined {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      if (!tryFlock(fd, mode)) {
        closeSync(fd);
        return undefined;
      }
      // Its last owner may have removed the file between our open and our lock: then this locks nothing.
      if (sameFile(fd, path)) return held(fd, path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

export interface LockOptions {
  readonly mode?: LockMode;
  readonly signal?: AbortSignal;
  /** Told once if somebody else has it. */
  readonly waiting?: () => void;
}

/** Waits for the lock in the file `path`. Rejects with `signal.reason` if the signal fires first. */
export async function lock(path: string, { mode = 'exclusive', signal, waiting }: LockOptions = {}): Promise<Lock> {
  signal?.throwIfAborted();
  for (let told = false; ; told = true) {
    const got = tryLock(path, mode);
    if (got) return got;
    if (!told) waiting?.();
    await change(path, { mode, ...(signal && { signal }) });
  }
}

/**
 * Waits until the lock could be free. The kernel tells when an owner closes the file, whether it lets go or dies, but at a
 * death it tells a moment before the lock is gone; so after each word from it this looks again soon, then less often.
 */
async function change(path: string, { mode, signal }: { readonly mode: LockMode; readonly signal?: AbortSignal }) {
  // A waiter opens for reading only: its own comings and goings are no news to other waiters.
  const fd = openIfThere(path);
  if (fd === undefined) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal!.reason);
  let timer: NodeJS.Timeout | undefined;
  let most = longestPause;
  const look = (pause: number) => {
    clearTimeout(timer);
    try {
      if (!sameFile(fd, path)) return resolve();
      if (tryFlock(fd, mode)) {
        unflock(fd);
        return resolve();
      }
    } catch (error) {
      return reject(error);
    }
    timer = setTimeout(look, pause, Math.min(pause * 2, most));
  };
  try {
    using watch = onClosed(`/proc/self/fd/${fd}`, () => look(shortestPause));
    if (!watch) most = mostUntold;
    signal?.addEventListener('abort', abort, { once: true });
    look(most);
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    closeSync(fd);
  }
}

/** In milliseconds. */
const shortestPause = 1;
const longestPause = 1000;
/** Where the kernel does not tell. */
const mostUntold = 50;

function held(fd: number, path: string): Lock {
  let open = true;
  const release = () => {
    if (!open) return;
    open = false;
    // First the lock and then the descriptor, so that those who are woken by its closing find the lock free.
    unflock(fd);
    closeSync(fd);
  };
  return {
    path,
    fd,
    remove() {
      if (open) unlinkSync(path);
      release();
    },
    [Symbol.dispose]: release,
  };
}

function sameFile(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there) return false;
  const here = fstatSync(fd);
  return here.ino === there.ino && here.dev === there.dev;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
