import { existsSync, readdirSync } from 'node:fs';

/** Whether the kernel filters system calls. */
export const seccompSupported = (): boolean => existsSync('/proc/sys/kernel/seccomp/actions_avail');

/** One more than the number of the highest loop device that has a file. */
export function loopDevicesInUse(): number {
  const used = readdirSync('/sys/block', { encoding: 'utf8' })
    .filter((name) => /^loop\d+$/.test(name) && existsSync(`/sys/block/${name}/loop/backing_file`))
    .map((name) => Number(name.slice('loop'.length)));
  return Math.max(-1, ...used) + 1;
}
