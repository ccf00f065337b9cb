// Trees made visible by the kernel.

import { closeSync, constants, openSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { mountAttributes, mountOptions } from '../sys/fsmount.ts';
import { maxMountData, mount, mountFlags, unmount, unmountFlags } from '../sys/mount.ts';
import { O_PATH } from '../sys/openat2.ts';
import type { SnapshotFailure } from './failure.ts';
import { makeMountPoint } from './mount-points.ts';
import type { Mount, Mounted } from './mount.ts';

type Overlay = Extract<Mount, { kind: 'overlay' }>;

/** Layers that Linux stacks in one overlay. */
const mostLayers = 500;

/**
 * Mounts a tree in this process's mount namespace. Disposing unmounts it; if the process is killed, the end of its
 * namespace does, or where the namespace is not its own, the next `openSnapshotter`. A writable folder needs no mount and is given as it is.
 * Fails with `mount-failed`, or with `too-many-layers` where the kernel cannot stack them.
 */
export async function mounted(what: Mount): Promise<Mounted> {
  if (what.kind === 'bind' && !what.readonly) return { path: what.path, [Symbol.asyncDispose]: async () => {} };
  const path = makeMountPoint();
  try {
    mountAt(what, path);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      unmountNow(path);
      rmdirSync(path);
    },
  };
}

/** Mounts a tree at a folder. Whoever does unmounts it, too. */
export function mountAt(what: Mount, path: string): void {
  try {
    if (what.kind === 'overlay') overlayAt(what, path);
    else if (what.kind === 'bind') bindAt(what, path);
    else mount('tmpfs', path, { type: 'tmpfs', flags: mountFlags.readonly, data: 'mode=755,size=1m' });
  } catch (cause) {
    if (cause instanceof Failed) throw cause;
    const failure: SnapshotFailure = {
      kind: 'mount-failed',
      message: `cannot mount a tree: ${(cause as Error).message}`,
    };
    throw new Failed(failure, { cause });
  }
}

function bindAt({ path: source, readonly }: Extract<Mount, { kind: 'bind' }>, path: string): void {
  mount(source, path, { flags: mountFlags.bind });
  // A bind mount takes flags only when it is mounted again.
  if (readonly) mount(undefined, path, { flags: mountFlags.bind | mountFlags.remount | mountFlags.readonly });
}

function overlayAt({ lower, upper, work }: Overlay, path: string): void {
  if (lower.length > mostLayers) throw tooMany(lower.length);
  if (work !== undefined) rmSync(join(work, 'work', 'incompat'), { recursive: true, force: true });
  const attributes = upper === undefined ? mountAttributes.readonly : 0;
  if (oneByOne !== false) {
    try {
      const options = [
        ...lower.map((folder) => ['lowerdir+', folder] as const),
        ...otherOptions({ kind: 'overlay', lower, upper, work }),
      ];
      mountOptions('overlay', path, { options, attributes });
      oneByOne = true;
      return;
    } catch (error) {
      // Linux before 6.5 has no `lowerdir+`, before 5.2 no such calls. A kernel that did it once knows them.
      if (oneByOne || !['EINVAL', 'ENOSYS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  overlayInOnePage({ kind: 'overlay', lower, upper, work }, path);
  oneByOne = false;
}

let oneByOne: boolean | undefined;

/**
 * Options of an overlay, beside its layers: none of the features that leave in a layer what only this mount understands.
 * `volatile`: a writable layer is nothing until it is committed, so what is synced inside need not wait for the disk.
 */
function* otherOptions({ upper, work }: Overlay): Generator<readonly [key: string, value?: string]> {
  if (upper !== undefined && work !== undefined) {
    yield ['upperdir', upper];
    yield ['workdir', work];
    yield ['volatile'];
  }
  yield ['index', 'off'];
  yield ['metacopy', 'off'];
  yield ['redirect_dir', 'off'];
  if (inUserNamespace()) yield ['userxattr'];
}

/** All options as text, as older kernels take them, with descriptors for layers: 18 bytes each, so some two hundred fit. */
export function overlayInOnePage({ lower, upper, work }: Overlay, path: string): void {
  const fds: number[] = [];
  try {
    const layers = lower.map((folder) => {
      const fd = openSync(folder, O_PATH | constants.O_DIRECTORY);
      fds.push(fd);
      return `/proc/self/fd/${fd}`;
    });
    const rest = [...otherOptions({ kind: 'overlay', lower, upper, work })].map(([key, value]) =>
      value === undefined ? key : `${key}=${escaped(value)}`,
    );
    const flags = upper === undefined ? mountFlags.readonly : 0;
    const data = (options: readonly string[]) => [`lowerdir=${layers.join(':')}`, ...options].join(',');
    if (Buffer.byteLength(data(rest)) > maxMountData) throw tooMany(lower.length);
    try {
      mount('overlay', path, { type: 'overlay', flags, data: data(rest) });
    } catch (error) {
      // Linux before 5.10 knows no `volatile`.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL' || upper === undefined) throw error;
      mount('overlay', path, { type: 'overlay', flags, data: data(rest.filter((option) => option !== 'volatile')) });
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function escaped(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&');
}

function tooMany(layers: number): Failed<SnapshotFailure> {
  const message = `the kernel cannot stack ${layers} layers; join instructions, or copy into fewer stages`;
  return new Failed<SnapshotFailure>({ kind: 'too-many-layers', message, layers });
}

/** Unmounts also what somebody still has open: they keep it until they close it. */
export function unmountNow(path: string): void {
  try {
    unmount(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    unmount(path, unmountFlags.nofollow | unmountFlags.detach);
  }
}

/** Whether user ids here are not the machine's own. */
function inUserNamespace(): boolean {
  return (userNamespace ??= !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1')));
}

let userNamespace: boolean | undefined;
