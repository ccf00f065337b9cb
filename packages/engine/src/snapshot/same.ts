import { type BigIntStats, closeSync, openSync, readSync, readlinkSync } from 'node:fs';
import { type BytePath, fsPath } from '../std/byte-path.ts';
import { untimed } from '../std/untimed.ts';
import { getXattr } from '../sys/xattr.ts';

interface Place {
  readonly stats: BigIntStats;
  readonly path: BytePath;
}

/**
 * Whether two entries count as unchanged, by BuildKit's rules (SNAP-004): mode, owner, device, file capabilities; of what
 * is no folder also size and mtime. Where both mtimes are whole seconds, as archives leave them, or say nothing, content
 * decides.
 */
export function same(a: Place, b: Place): boolean {
  const [x, y] = [a.stats, b.stats];
  if (x.ino === y.ino && x.dev === y.dev) return true;
  if (x.mode !== y.mode || x.uid !== y.uid || x.gid !== y.gid || x.rdev !== y.rdev) return false;
  if (!sameCapabilities(a.path, b.path)) return false;
  if (x.isDirectory()) return true;
  if (x.size !== y.size || x.mtimeNs !== y.mtimeNs) return false;
  if (x.mtimeNs % 1_000_000_000n !== 0n && x.mtimeNs !== untimed) return true;
  if (x.isSymbolicLink()) return target(a.path) === target(b.path);
  return x.size === 0n || !x.isFile() || sameContent(a.path, b.path);
}

function sameCapabilities(a: BytePath, b: BytePath): boolean {
  const [x, y] = [capabilities(a), capabilities(b)];
  return x === undefined || y === undefined ? x === y : x.equals(y);
}

/** The file capabilities of what lies at the path. */
export function capabilities(path: BytePath): Buffer | undefined {
  return getXattr(fsPath(path), 'security.capability');
}

/** Where a symlink leads, in bytes. */
export function target(path: BytePath): BytePath {
  return readlinkSync(fsPath(path), 'latin1');
}

function sameContent(a: BytePath, b: BytePath): boolean {
  const [x, y] = [openSync(fsPath(a), 'r'), openSync(fsPath(b), 'r')];
  try {
    const [p, q] = [Buffer.allocUnsafe(chunk), Buffer.allocUnsafe(chunk)];
    for (;;) {
      const [n, m] = [readFull(x, p), readFull(y, q)];
      if (n !== m || p.compare(q, 0, n, 0, n) !== 0) return false;
      if (n < chunk) return true;
    }
  } finally {
    closeSync(x);
    closeSync(y);
  }
}

const chunk = 64 * 1024;

function readFull(fd: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const n = readSync(fd, buffer, length, buffer.length - length, null);
    if (n === 0) break;
    length += n;
  }
  return length;
}
