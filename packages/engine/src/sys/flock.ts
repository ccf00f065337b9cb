// flock(2): locks of an open file description. They are gone when its last descriptor is closed, however that comes
// about, so a process that is killed lets go. Two opens conflict, also in one process.

import { bind, lastErrno, SystemError } from './library.ts';

const flockCall = bind<[number, number]>('int flock(int fd, int operation)');

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** Takes (or changes) the lock at once, or says false because somebody else has it. */
export function tryFlock(fd: number, mode: 'shared' | 'exclusive'): boolean {
  for (;;) {
    if (flockCall(fd, (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return true;
    const errno = lastErrno();
    if (errno === EWOULDBLOCK) return false;
    if (errno !== EINTR) throw new SystemError('flock', errno);
  }
}

/** Lets go. Closing the descriptor does too. */
export function unflock(fd: number): void {
  if (flockCall(fd, LOCK_UN) !== 0) throw new SystemError('flock', lastErrno());
}

const EINTR = 4;
const EWOULDBLOCK = 11;
