import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { fsPath, type BytePath } from '../../std/byte-path.ts';
import type { Ids } from './destination.ts';

export interface FileLook extends Ids {
  /** Bytes that it is expected to have. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
}

/**
 * Copies a regular file to where nothing is; shares its blocks where the file system can. A small one goes through
 * memory: sharing and asking for it takes longer than its bytes.
 */
export function copyFile(from: BytePath, to: BytePath, look: FileLook): void {
  if (look.size <= small && copySmall(fsPath(from), fsPath(to), look)) return;
  const target = fsPath(to);
  copyFileSync(fsPath(from), target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  // In this order: a new owner clears setuid.
  lchownSync(target, look.uid, look.gid);
  chmodSync(target, look.mode);
}

/** Says whether it did; nothing was made if the file has grown. */
function copySmall(from: string | Buffer, to: string | Buffer, { size, uid, gid, mode }: FileLook): boolean {
  const bytes = read(from);
  if (bytes > size) return false;
  const target = openSync(to, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes;) at += writeSync(target, space!, at, bytes - at);
    fchownSync(target, uid, gid);
    fchmodSync(target, mode);
  } finally {
    closeSync(target);
  }
  return true;
}

/** Fills `space`. */
function read(from: string | Buffer): number {
  space ??= Buffer.allocUnsafeSlow(small + 1);
  const source = openSync(from, 'r');
  try {
    let bytes = 0;
    for (let more = -1; more !== 0 && bytes < space.length; bytes += more) {
      more = readSync(source, space, bytes, space.length - bytes, null);
    }
    return bytes;
  } finally {
    closeSync(source);
  }
}

const small = 64 << 10;
/** One of each thread. */
let space: Buffer | undefined;
