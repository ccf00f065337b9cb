import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Names of finished things in `layers`; all others belong to somebody who still works, or did. */
const finished = /^(?:[0-9a-z]{12}|made\..*|overlay-works)$/;

/**
 * What a cache folder and the machine have only while a build runs on it: mounts, processes, folders of runs, leases,
 * claims, half snapshots, half blobs.
 */
export function leftOf(cacheDir: string): string[] {
  const inside = (folder: string) =>
    existsSync(join(cacheDir, folder)) ? readdirSync(join(cacheDir, folder)).map((name) => `${folder}/${name}`) : [];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${cacheDir}/`));
  return [
    ...mounts,
    ...processesWith(cacheDir),
    ...inside('run'),
    ...inside('leases'),
    ...inside('locks').filter((path) => !path.endsWith('/prune')),
    ...inside('content/ingest'),
    ...inside('layers').filter((path) => !finished.test(path.split('/')[1]!)),
    ...inside('mounts').filter((path) => /\/(?:new|gone)\./.test(path)),
  ];
}

/** Names of the builds that have a cache open, or were killed while they had. */
export function leasesIn(cacheDir: string): string[] {
  return existsSync(join(cacheDir, 'leases'))
    ? readdirSync(join(cacheDir, 'leases')).filter((name) => !name.includes('.'))
    : [];
}

/** The cgroups of these builds. */
export function groupsOf(leases: readonly string[]): string[] {
  return globSync(['/sys/fs/cgroup/monokit/*', '/sys/fs/cgroup/*/monokit/*']).filter((path) =>
    leases.includes(basename(path)),
  );
}

/** Processes with `text` in their command line or environment, as `pid: command line`. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      const found = line.includes(text) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text);
      return found ? [`${pid}: ${line.replaceAll('\0', ' ')}`] : [];
    } catch {
      return []; // it has ended
    }
  });
}
