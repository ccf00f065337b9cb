// Limits of a container that several parts of a graph share. They are no part of what it is keyed by.

import type { LinuxResources } from './metadata.ts';

/** What a process is declared to take. */
export interface DeclaredNeeds {
  /** Bytes. */
  readonly memory?: number;
  /** Processors, whole or in part. */
  readonly cpus?: number;
}

/** The kernel's period where none is said, in microseconds. */
const usualPeriod = 100_000;

/** Limits are also what a process is expected to take. */
export function needsOf(limits: LinuxResources | undefined): DeclaredNeeds | undefined {
  const { memory = 0, cpuQuota = 0, cpuPeriod = 0 } = limits ?? {};
  if (memory <= 0 && cpuQuota <= 0) return undefined;
  return {
    ...(memory > 0 && { memory }),
    ...(cpuQuota > 0 && { cpus: cpuQuota / (cpuPeriod || usualPeriod) }),
  };
}

/** The most of each that is declared. */
export function mostOf(a: DeclaredNeeds | undefined, b: DeclaredNeeds | undefined): DeclaredNeeds | undefined {
  if (!a || !b) return a ?? b;
  const memory = Math.max(a.memory ?? 0, b.memory ?? 0);
  const cpus = Math.max(a.cpus ?? 0, b.cpus ?? 0);
  return { ...(memory > 0 && { memory }), ...(cpus > 0 && { cpus }) };
}

/**
 * The looser of two limits, as BuildKit has it: nobody's step is held down because another image wants it, too. Who
 * says nothing sets no limit; of shares and swap, which have other defaults, it leaves the other's word.
 */
export function relaxed(a: LinuxResources | undefined, b: LinuxResources | undefined): LinuxResources | undefined {
  const one = a ?? {};
  const other = b ?? {};
  const memory = one.memory && other.memory ? Math.max(one.memory, other.memory) : 0;
  const memorySwap = looserSwap(one.memorySwap, other.memorySwap);
  const cpuShares = Math.max(one.cpuShares ?? 0, other.cpuShares ?? 0);
  const cpusetCpus = union(one.cpusetCpus, other.cpusetCpus);
  const cpusetMems = union(one.cpusetMems, other.cpusetMems);
  const limits: LinuxResources = {
    ...(memory && { memory }),
    ...(memorySwap && { memorySwap }),
    ...(cpuShares && { cpuShares }),
    ...looserBandwidth(one, other),
    ...(cpusetCpus && { cpusetCpus }),
    ...(cpusetMems && { cpusetMems }),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

/** -1 is unlimited; 0 says nothing. */
function looserSwap(a = 0, b = 0): number {
  return a === -1 || b === -1 ? -1 : Math.max(a, b);
}

/** The pair with more processor time; at the same, the shorter period. */
function looserBandwidth(a: LinuxResources, b: LinuxResources): Pick<LinuxResources, 'cpuPeriod' | 'cpuQuota'> {
  if (!a.cpuQuota || !b.cpuQuota) return {};
  const [first, second] = [a, b].map(({ cpuPeriod, cpuQuota }) => cpuQuota! / (cpuPeriod || usualPeriod));
  const same = first === second;
  const { cpuPeriod, cpuQuota } =
    first! > second! || (same && (a.cpuPeriod || usualPeriod) <= (b.cpuPeriod || usualPeriod)) ? a : b;
  return { ...(cpuPeriod && { cpuPeriod }), cpuQuota: cpuQuota! };
}

/** All numbers of two lists: `0-3` and `5` are `0-3,5`. An empty list is no limit. */
function union(a = '', b = ''): string {
  if (a === '' || b === '') return '';
  return a === b ? a : `${a},${b}`;
}
