// What this machine has for processes.

import { readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Needs } from './scheduler.ts';

/** The part of the memory that processes may take together, or bytes. */
export type MemoryShare = { readonly share: number } | { readonly bytes: number };

const usual: MemoryShare = { share: 0.8 };

/** What processes may take together: all processors, and a share of the memory that is available now. */
export function machineBudget(memory: MemoryShare = usual): Needs {
  return {
    cpu: availableParallelism() * 1000,
    memory: 'bytes' in memory ? memory.bytes : Math.floor(memory.share * availableMemory()),
  };
}

/** So many processes at least run side by side where nobody says what they take: many wait for a network or a disk. */
const usualProcesses = 8;
/** What a process is taken to need whose memory nobody knows: 256 MiB, in bytes. */
const usualMemory = 256 << 20;

/** What a process needs of which nothing is known, out of this budget. */
export function usualNeeds(budget: Needs): Needs {
  const processes = Math.max(usualProcesses, Math.floor(budget.cpu / 1000));
  return {
    cpu: Math.floor(budget.cpu / processes),
    memory: Math.min(usualMemory, Math.floor(budget.memory / processes)),
  };
}

/** Bytes that are free or can be made so, as far as this process's own groups may have them. */
export function availableMemory(root = '/'): number {
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(tryRead(join(root, 'proc/meminfo')) ?? '')?.[1];
  return Math.min(available === undefined ? freemem() : Number(available) * 1024, ...groupLimits(root));
}

/** Limits of the cgroups that this process is in, bytes; the kernel counts a group's own and those above it. */
function groupLimits(root: string): readonly number[] {
  return (tryRead(join(root, 'proc/self/cgroup')) ?? '').split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return limitsUpwards(join(root, 'sys/fs/cgroup'), path, 'memory.max');
    if (!controllers!.split(',').includes('memory')) return [];
    return limitsUpwards(join(root, 'sys/fs/cgroup/memory'), path, 'memory.limit_in_bytes');
  });
}

/** In a container the path may be one of the host's: what is there of it counts. */
function limitsUpwards(mount: string, path: string, file: string): readonly number[] {
  const own = tryRead(join(mount, path, file));
  const limit = /^\d+$/.test(own?.trim() ?? '') ? [Number(own)] : [];
  return path === '/' ? limit : [...limit, ...limitsUpwards(mount, dirname(path), file)];
}

/** Undefined where there is no such file, or it is not ours to read. */
function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
