import { bind, check } from './library.ts';
import { O_CLOEXEC } from './openat2.ts';

const pipeCall = bind<[Int32Array, number]>('int pipe2(_Out_ int *fds, int flags)');

/**
 * A pipe whose ends no child inherits unless it is given them. Node's own `'pipe'` is a socket, and a process that opens
 * its /dev/stdout anew cannot do that with a socket.
 */
export function openPipe(): { readonly read: number; readonly write: number } {
  const ends = new Int32Array(2);
  check(pipeCall(ends, O_CLOEXEC), 'pipe2');
  return { read: ends[0]!, write: ends[1]! };
}
