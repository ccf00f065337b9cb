// What steps may take, as an image's `resources` says it: by bake's names in camelCase, and `cpus` as docker has it.

import type { ContainerLimits } from '@monokit/engine/oci/container-limits';
import { nearest } from '@monokit/engine/std/nearest';
import { parseBytes } from '@monokit/engine/std/quantity';
import type { Resources } from './config.ts';

const usualPeriod = 100_000;

const keys = [
  'cpus',
  'memory',
  'memorySwap',
  'cpuShares',
  'cpuPeriod',
  'cpuQuota',
  'cpusetCpus',
  'cpusetMems',
] as const satisfies readonly (keyof Resources)[];

/** Reads one key of `resources`; throws a `TypeError` that says what to write. */
export function readLimit(name: string, written: string): ContainerLimits {
  const key = keys.find((each) => each === name);
  switch (key) {
    case undefined: {
      const meant = nearest(name, keys);
      throw new TypeError(`resources have no ${name}${meant ? `; did you mean ${meant}?` : `: ${keys.join(', ')}`}`);
    }
    case 'cpus': {
      const cpus = Number(written);
      if (!(cpus >= 0.01 && cpus < 10_000)) throw new TypeError('cpus: write processors, such as 2 or 0.5');
      return { cpuPeriod: usualPeriod, cpuQuota: Math.round(cpus * usualPeriod) };
    }
    case 'memory':
      return { memory: bytes(key, written) };
    case 'memorySwap':
      return { memorySwap: written.trim() === '-1' ? -1 : bytes(key, written) };
    case 'cpuShares':
    case 'cpuPeriod':
    case 'cpuQuota': {
      const count = Number(written);
      if (!Number.isSafeInteger(count) || count < 1) {
        throw new TypeError(`${key}: write a number${key === 'cpuShares' ? '' : ' of microseconds'} above 0`);
      }
      return { [key]: count };
    }
    case 'cpusetCpus':
    case 'cpusetMems':
      if (!/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(written.trim())) {
        throw new TypeError(`${key}: write numbers and ranges, such as "0-3,7"`);
      }
      return { [key]: written.trim() };
  }
}

/** What a Dockerfile's frontend calls them. */
export function limitOptions(limits: ContainerLimits): Readonly<Record<string, string>> {
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = limits;
  const options = {
    memory,
    memswap: memorySwap,
    cpushares: cpuShares,
    cpuperiod: cpuPeriod,
    cpuquota: cpuQuota,
    cpusetcpus: cpusetCpus,
    cpusetmems: cpusetMems,
  };
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said.map(([name, value]) => [name, String(value)]));
}

function bytes(key: string, written: string): number {
  const size = parseBytes(written);
  if (!size) throw new TypeError(`${key}: write bytes, or a text such as "4GiB"`);
  return size;
}
