// What engines leave that were killed, together with whoever should have cleaned up after them.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Bridge } from './bridge.ts';
import { findCgroups, killGroup, killProcess, removeGroup, removeIfEmpty } from './cgroup.ts';
import { checkLeaseId, leaseFolder, leaseGroup, stateFolder } from './lease.ts';
import { removeWithMounts } from './mount-table.ts';
import { killFirstProcess } from './runc.ts';

/**
 * Kills what runs for these leases, whose owners are dead, and removes their cgroups, mounts, folders and networks. What
 * is gone already is no failure, and several may do this at once.
 */
export async function cleanDead(runFolder: string, leaseIds: Iterable<string>): Promise<void> {
  const cgroups = findCgroups();
  for (const leaseId of leaseIds) {
    checkLeaseId(leaseId);
    const folder = leaseFolder(runFolder, leaseId);
    const state = stateFolder(folder);
    // The runtimes first: what they are about to start does not start then.
    for (const pid of processesWith(state)) killProcess(pid);
    for (const id of namesIn(state)) killFirstProcess(state, id);
    for (const group of new Set([leaseGroup(leaseId), ...groupsOf(folder)])) {
      killGroup(cgroups, group);
      await removeGroup(cgroups, group);
      removeIfEmpty(cgroups, dirname(group));
    }
    await Bridge.cleanUp(leaseId, folder);
    removeWithMounts(folder);
  }
}

/** The leases that have a folder here, whether their owners live or not. */
export function leasesIn(runFolder: string): string[] {
  return namesIn(runFolder);
}

/** The groups above the lease's containers' own, whatever parent was asked for. */
function groupsOf(folder: string): string[] {
  return namesIn(folder).flatMap((id) => {
    let text;
    try {
      text = readFileSync(join(folder, id, 'config.json'), 'utf8');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
    const path = /"cgroupsPath":"([^"\\]+)"/.exec(text)?.[1];
    return path === undefined ? [] : [dirname(dirname(path))];
  });
}

/** Processes one of whose arguments is exactly `argument`. */
function processesWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
