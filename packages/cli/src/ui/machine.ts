// How busy the machine is, as the kernel counts it: for the last line of the live region.

import { readFileSync } from 'node:fs';

export interface Machine {
  /** Of all processors together, from 0 to 1. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: { readonly used: number; readonly total: number };
  /** Bytes a second that come in over the network. */
  readonly received: number;
}

interface Counts {
  readonly at: number;
  readonly busy: number;
  readonly all: number;
  readonly memory: Machine['memory'];
  readonly received: number;
}

/** A new look no sooner than this. In milliseconds. */
const pause = 1000;

export class MachineWatch {
  #last: Counts | undefined;
  #told: Machine | undefined;
  readonly #read: (path: string) => string;

  /** `read` gives the text of a file in /proc. */
  constructor(read: (path: string) => string = (path) => readFileSync(path, 'utf8')) {
    this.#read = read;
  }

  /** What the last second was like; undefined in the first one, and where the kernel does not tell. */
  look(now: number): Machine | undefined {
    const last = this.#last;
    if (last && now - last.at < pause) return this.#told;
    const counts = this.#count(now);
    this.#last = counts;
    if (!last || !counts) return (this.#told = undefined);
    const all = counts.all - last.all;
    const seconds = (counts.at - last.at) / 1000;
    this.#told = {
      cpu: all === 0 ? 0 : (counts.busy - last.busy) / all,
      memory: counts.memory,
      received: Math.max(0, counts.received - last.received) / seconds,
    };
    return this.#told;
  }

  #count(at: number): Counts | undefined {
    try {
      const [stat, meminfo, net] = ['/proc/stat', '/proc/meminfo', '/proc/net/dev'].map(this.#read) as [
        string,
        string,
        string,
      ];
      const times = stat.split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
      const all = times.reduce((sum, each) => sum + each, 0);
      const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
      const total = kib('MemTotal');
      const received = [...net.matchAll(/^\s*([^:\s]+):\s*(\d+)/gm)]
        .filter(([, name]) => name !== 'lo')
        .reduce((sum, [, , count]) => sum + Number(count), 0);
      return {
        at,
        all,
        busy: all - times[3]! - times[4]!,
        memory: { used: total - kib('MemAvailable'), total },
        received,
      };
    } catch {
      return undefined; // not every kernel tells, and not everybody
    }
  }
}
