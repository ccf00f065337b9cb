// A file that only takes room. On a full disk even removing needs some: the index writes before it forgets.

import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asDiskFull } from '../std/disk-full.ts';
import { failedOf } from '../std/failed.ts';

/** In bytes. */
const size = 1 << 20;

export function releaseReserve(folder: string): void {
  rmSync(join(folder, 'reserve'), { force: true });
}

/** Takes the room again; as much as there is. */
export function restoreReserve(folder: string): void {
  const path = join(folder, 'reserve');
  if (statSync(path, { throwIfNoEntry: false })?.size === size) return;
  const fd = openSync(path, 'w', 0o600);
  try {
    writeSync(fd, Buffer.alloc(size));
  } catch (error) {
    if (!failedOf(asDiskFull(error, path), 'disk-full')) throw error;
  } finally {
    closeSync(fd);
  }
}
