// What the kernel counted of a group's processes: of those that have ended, too, as long as the group is there.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroups } from './cgroup.ts';
import type { Usage } from './executor.ts';

/** What the processes of a group have taken until now. */
export function usageOf({ hierarchies }: Cgroups, group: string): Usage {
  const folders = hierarchies.map((hierarchy) => join(hierarchy, group));
  const [peakMemory] = folders.flatMap(peakIn);
  const [cpuTime] = folders.flatMap(cpuTimeIn);
  return { ...(peakMemory !== undefined && { peakMemory }), ...(cpuTime !== undefined && { cpuTime }) };
}

/**
 * The kernel's peak counts the page cache of files that were written and read, too, which it would give back to whoever
 * needs memory. What of it is left at the end is taken off: a step that unpacks gigabytes is not one that needs them.
 */
function peakIn(folder: string): readonly number[] {
  // v2 since Linux 5.19, and v1.
  const peak = numberIn(join(folder, 'memory.peak')) ?? numberIn(join(folder, 'memory.max_usage_in_bytes'));
  if (peak === undefined) return [];
  const statistics = tryRead(join(folder, 'memory.stat')) ?? '';
  const left = (name: string) => {
    const found =
      new RegExp(`^total_${name} (\\d+)$`, 'm').exec(statistics) ??
      new RegExp(`^${name} (\\d+)$`, 'm').exec(statistics);
    return Number(found?.[1] ?? 0);
  };
  return [Math.max(0, peak - left('inactive_file') - left('active_file'))];
}

/** In ms. */
function cpuTimeIn(folder: string): readonly number[] {
  const micros = /^usage_usec (\d+)$/m.exec(tryRead(join(folder, 'cpu.stat')) ?? '')?.[1];
  if (micros !== undefined) return [Math.round(Number(micros) / 1000)];
  const nanos = numberIn(join(folder, 'cpuacct.usage'));
  return nanos === undefined ? [] : [Math.round(nanos / 1_000_000)];
}

function numberIn(path: string): number | undefined {
  const text = tryRead(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Undefined where this kind of group has no such file. */
function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
