// Folders to mount on. Their names tell whose they are, so that what a killed process left can be told from what is in use.

import { mkdtempSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmountFlags, unmountIfMounted } from '../sys/mount.ts';

export function makeMountPoint(): string {
  return mkdtempSync(join(tmpdir(), `${prefix()}${process.pid}-`));
}

/** Takes away the mount points of processes that are dead, and mounts on them that are in this namespace. */
export function sweepMountPoints(): void {
  const start = prefix();
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(start)) continue;
    const pid = Number(name.slice(start.length).split('-')[0]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const path = join(tmpdir(), name);
    try {
      unmountIfMounted(path, unmountFlags.nofollow | unmountFlags.detach);
      rmdirSync(path);
    } catch (error) {
      // Another process sweeps, too; and what is in use after all stays.
      if (!['ENOENT', 'EBUSY', 'ENOTEMPTY', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Process ids mean something in their own namespace only, and containers may share a folder. */
function prefix(): string {
  return `monokit-mount-${/[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]}-`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
