// Control groups as files, on v2, on v1 and on hybrid machines (v1 with a v2 hierarchy that holds processes only). Each
// build has one group, named by its lease, and each of its containers one below it.

import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The machine's hierarchies: their mount points, those that matter for killing first. */
export type Cgroups =
  | { readonly kind: 'v2'; readonly hierarchies: readonly string[] }
  | { readonly kind: 'v1' | 'hybrid'; readonly hierarchies: readonly string[] }
  /** None that this process may write to. */
  | { readonly kind: 'none'; readonly hierarchies: readonly []; readonly reason: string };

const mountPoint = '/sys/fs/cgroup';
/** Below it are the leases of all builds. */
export const groupOfAll = '/monokit';

/** What the machine has, without trying to write. */
export function findCgroups(mounts: string = readFileSync('/proc/self/mounts', 'utf8')): Cgroups {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  // What is mounted over the mount point hides all that was there before.
  const found = lines
    .slice(
      Math.max(
        0,
        lines.findLastIndex(([, path]) => path === mountPoint),
      ),
    )
    .filter(([, path, type]) => (type === 'cgroup' || type === 'cgroup2') && path?.startsWith(mountPoint))
    .map(([, path, type]) => ({ path: path!, type: type! }));
  const v2 = found.filter(({ type }) => type === 'cgroup2').map(({ path }) => path);
  const v1 = found.filter(({ type }) => type === 'cgroup').map(({ path }) => path);
  if (v1.length > 0) return { kind: v2.length > 0 ? 'hybrid' : 'v1', hierarchies: [...new Set([...v2, ...v1])] };
  if (v2.includes(mountPoint)) return { kind: 'v2', hierarchies: [mountPoint] };
  return { kind: 'none', hierarchies: [], reason: `no cgroup file system is mounted at ${mountPoint}` };
}

/** Makes the group `path` in every hierarchy. Where that is refused, as in many containers, gives `none`. */
export function openGroup(cgroups: Cgroups, path: string): Cgroups {
  for (let tries = 0; ; tries++) {
    try {
      for (const folder of folders(cgroups, path)) mkdirSync(folder, { recursive: true });
      return cgroups;
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (!refused.has(code)) throw error;
      // Another engine may have removed the empty group of all between two of ours.
      if (code === 'ENOENT' && tries < 3) continue;
      return { kind: 'none', hierarchies: [], reason: `cgroups may not be written: ${message}` };
    }
  }
}

const refused = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT']);

/** Removes the group unless there are groups or processes in it. */
export function removeIfEmpty(cgroups: Cgroups, path: string): void {
  for (const folder of folders(cgroups, path)) tryRemove(folder);
}

/** The group's folders that exist or may come to exist. */
function folders({ hierarchies }: Cgroups, path: string): string[] {
  return hierarchies.map((hierarchy) => join(hierarchy, path));
}

/** Sends SIGKILL to every process in the group and below it, once. Says how many there were at least. */
export function killGroup(cgroups: Cgroups, path: string): number {
  let killed = 0;
  for (const group of folders(cgroups, path).flatMap((folder) => tree(folder))) {
    const processes = processesOf(group);
    if (processes.length === 0) continue;
    killed += processes.length;
    // v2's own way takes those that are being forked, too.
    if (tryWrite(join(group, 'cgroup.kill'), '1')) continue;
    for (const pid of processes) killProcess(pid);
  }
  return killed;
}

/** SIGKILL; a process that is gone is no failure. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Removes the group and all below it. While there are still processes it kills them, for at most `patience` ms. */
export async function removeGroup(cgroups: Cgroups, path: string, patience = 5000): Promise<void> {
  const end = performance.now() + patience;
  for (const folder of folders(cgroups, path)) {
    for (const group of tree(folder)) {
      while (!tryRemove(group)) {
        if (performance.now() > end) throw new Error(`the cgroup ${group} still has processes after SIGKILL`);
        killGroup(cgroups, path);
        await sleep(5);
      }
    }
  }
}

/** How many processes of the group or below it the kernel killed for want of memory; v1 forgets with each group removed. */
export function outOfMemoryKills(cgroups: Cgroups, path: string): number {
  const files = folders(cgroups, path).flatMap((folder) => [
    join(folder, 'memory.events'),
    ...tree(folder).map((group) => join(group, 'memory.oom_control')),
  ]);
  return files
    .map((file) => Number(/^oom_kill (\d+)$/m.exec(tryRead(file) ?? '')?.[1] ?? 0))
    .reduce((sum, kills) => sum + kills, 0);
}

/** The group's folder and those below, deepest first. */
function tree(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return [...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => tree(join(folder, name))), folder];
}

function processesOf(group: string): number[] {
  // 0 is a process outside of this pid namespace; a threaded group refuses to be read.
  return (tryRead(join(group, 'cgroup.procs')) ?? '')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** Undefined where this kind of group has no such file, or is gone. */
function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Says whether the file is there and took it. */
function tryWrite(path: string, text: string): boolean {
  try {
    const file = openSync(path, constants.O_WRONLY);
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    return true;
  } catch {
    return false;
  }
}

function tryRemove(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}
