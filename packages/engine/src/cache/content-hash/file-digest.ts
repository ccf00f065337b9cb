import { hash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Digester, type Digest } from '../../oci/digest.ts';
import { fsPath, type BytePath } from '../../std/byte-path.ts';

/** Reused by every file of this thread: most files fit, header and all. */
let space: Buffer | undefined;
const room = 1 << 20;

/**
 * Digest of `head` and a file's content, and how many bytes the content had. The last name of `path` is not followed;
 * `verify` may look at the open file and refuse it; `check` is called once for each MiB, and throws to stop.
 */
export function fileDigest(
  path: BytePath,
  head: Uint8Array,
  { verify, check }: { readonly verify?: (file: number) => void; readonly check?: () => void } = {},
): { readonly digest: Digest; readonly size: number } {
  // A pipe that took the file's place must not hold us up.
  const file = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    verify?.(file);
    const buffer = (space ??= Buffer.allocUnsafeSlow(room));
    buffer.set(head);
    const length = fill(file, buffer, head.length);
    if (length < room) {
      return { digest: `sha256:${hash('sha256', buffer.subarray(0, length), 'hex')}`, size: length - head.length };
    }
    const digester = new Digester().update(buffer);
    for (let read = fill(file, buffer, 0); read > 0; read = fill(file, buffer, 0)) {
      digester.update(buffer.subarray(0, read));
      check?.();
    }
    return { digest: digester.digest(), size: digester.size - head.length };
  } finally {
    closeSync(file);
  }
}

/** Reads on until the buffer is full or the file at its end; where that is. */
function fill(file: number, buffer: Buffer, from: number): number {
  let at = from;
  while (at < room) {
    const read = readSync(file, buffer, at, room - at, null);
    if (read === 0) break;
    at += read;
  }
  return at;
}
