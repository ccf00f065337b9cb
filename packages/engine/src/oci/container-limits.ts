/** cgroup limits of a container; 0 or absent is no limit. */
export interface ContainerLimits {
  /** In bytes. */
  readonly memory?: number;
  /** Memory and swap together, in bytes; -1 is unlimited swap. */
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  /** In microseconds. */
  readonly cpuPeriod?: number;
  /** In microseconds. */
  readonly cpuQuota?: number;
  /** As in `0-3,7`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
}
