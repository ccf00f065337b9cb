// What this machine has for running containers, and what it lacks: facts for `cli doctor`.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { formatPlatform, hostPlatform } from '../oci/platform.ts';
import type { Mount } from '../snapshot/mount.ts';
import { mountAt, unmountNow } from '../snapshot/mounts.ts';
import { makeTempFolder } from '../std/temp.ts';
import { bridgeTools, installBridgeTools } from './bridge.ts';
import { findCgroups, openGroup, removeGroup, removeIfEmpty } from './cgroup.ts';
import { EmulatorNamespace } from './emulator-namespace.ts';
import { emulationOf, installEmulator, registerEmulator, type Emulation } from './emulator.ts';
import { knownArchitectures } from './foreign-program.ts';
import { leaseGroup } from './lease.ts';
import { seccompSupported } from './machine.ts';
import { missingPrivilege } from './privileges.ts';
import { findRuntime, installRuntime, programPath } from './runtime.ts';

export { programPath };

/** One thing that was looked at. */
export interface Finding {
  readonly name:
    | 'root'
    | 'mounts'
    | 'overlayfs'
    | 'private mounts'
    | 'runtime'
    | 'cgroups'
    | 'seccomp'
    | 'user namespaces'
    | 'emulation'
    | 'network'
    | 'disk';
  /** `limited`: builds work, but slower or with less; `missing`: RUN does not. */
  readonly state: 'ok' | 'limited' | 'missing';
  readonly detail: string;
  /** A command, or what else to do. */
  readonly mend?: string;
}

/** Looks at everything. `folder` is on the disk that the cache is on, and is there. */
export async function probe({ folder }: { readonly folder: string }): Promise<readonly Finding[]> {
  return [
    root(),
    await mounts(),
    await overlayfs(folder),
    privateMounts(),
    await runtime(),
    await cgroups(),
    seccomp(),
    userNamespaces(),
    await emulation(folder),
    network(),
    disk(folder),
  ];
}

function root(): Finding {
  const missing = missingPrivilege();
  if (missing) return { name: 'root', state: 'missing', ...missing };
  return { name: 'root', state: 'ok', detail: 'root with CAP_SYS_ADMIN' };
}

async function mounts(): Promise<Finding> {
  const failure = await tryMount({ kind: 'empty' });
  if (failure === undefined) return { name: 'mounts', state: 'ok', detail: 'file systems can be mounted' };
  return { name: 'mounts', state: 'missing', detail: failure, mend: 'run it as root, where mount(2) is allowed' };
}

async function overlayfs(folder: string): Promise<Finding> {
  const name = 'overlayfs';
  if (!/^nodev\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))) {
    const detail = 'the kernel does not have it (yet): layers are copied, which is slow';
    return { name, state: 'limited', detail, mend: 'modprobe overlay' };
  }
  const failure = await tryMount(undefined, folder);
  if (failure === undefined) return { name, state: 'ok', detail: `layers in ${folder} can be stacked` };
  return {
    name,
    state: 'limited',
    detail: `${failure}: layers are copied, which is slow`,
    mend: 'keep the cache on ext4, xfs or btrfs, not on an overlay: --cache-dir or MONOKIT_CACHE_DIR',
  };
}

/** Why a tree cannot be mounted, if so; without one an overlay of folders in `parent`. */
async function tryMount(tree: Mount | undefined, parent?: string): Promise<string | undefined> {
  await using temp = makeTempFolder({ prefix: '.probe-', ...(parent !== undefined && { parent }) });
  const folder = (name: string) => join(temp.path, name);
  const [lower, upper, work, at] = [folder('lower'), folder('upper'), folder('work'), folder('at')];
  try {
    for (const path of [lower, upper, work, at]) mkdirSync(path);
    mountAt(tree ?? { kind: 'overlay', lower: [lower], upper, work }, at);
    unmountNow(at);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function privateMounts(): Finding {
  const name = 'private mounts';
  if (programPath('unshare'))
    return { name, state: 'ok', detail: 'mounts are seen by the engine alone, and end with it' };
  const detail = 'there is no unshare: what a killed engine mounted stays until the next one starts';
  return { name, state: 'limited', detail, mend: 'apt-get install -y util-linux' };
}

async function runtime(): Promise<Finding> {
  const name = 'runtime';
  try {
    const { path } = findRuntime('auto', findCgroups());
    const { stdout } = await promisify(execFile)(path, ['--version']);
    const version = /version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
    const detail = `${path} ${version}`;
    const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
    if (!stdout.startsWith('crun') && (major < 1 || (major === 1 && minor < 1))) {
      return { name, state: 'missing', detail: `${detail} is too old: 1.1 is needed`, mend: installRuntime };
    }
    return { name, state: 'ok', detail };
  } catch (error) {
    return { name, state: 'missing', detail: (error as Error).message, mend: installRuntime };
  }
}

async function cgroups(): Promise<Finding> {
  const found = findCgroups();
  const group = leaseGroup(`probe-${process.pid}`);
  const opened = openGroup(found, group);
  if (opened.kind === 'none') {
    const detail = `${opened.reason}: containers run, but without limits of memory and processor`;
    return { name: 'cgroups', state: 'limited', detail, mend: 'mount cgroups writable, e.g. --cgroupns=private' };
  }
  await removeGroup(opened, group);
  removeIfEmpty(opened, dirname(group));
  const kinds = { v1: 'version 1', v2: 'version 2', hybrid: 'version 1, with version 2 beside it' };
  return { name: 'cgroups', state: 'ok', detail: kinds[opened.kind] };
}

function seccomp(): Finding {
  if (seccompSupported()) return { name: 'seccomp', state: 'ok', detail: 'system calls of containers are filtered' };
  const detail = 'the kernel cannot filter system calls: containers may make all of them';
  return { name: 'seccomp', state: 'limited', detail };
}

function userNamespaces(): Finding {
  const name = 'user namespaces';
  let most = 0;
  try {
    most = Number(readFileSync('/proc/sys/user/max_user_namespaces', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (most > 0) return { name, state: 'ok', detail: `the kernel allows ${most}` };
  return { name, state: 'limited', detail: 'the kernel has them switched off; only nested containers need them' };
}

async function emulation(folder: string): Promise<Finding> {
  const name = 'emulation';
  const own = formatPlatform(hostPlatform());
  const kinds = await Promise.all(
    knownArchitectures.map(async (architecture) => {
      const { kind } = await emulationOf({ os: 'linux', architecture }, { folder });
      return { platform: formatPlatform({ os: 'linux', architecture }), kind };
    }),
  );
  const of = (wanted: Emulation['kind']) =>
    kinds.flatMap(({ platform, kind }) => (kind === wanted ? [platform] : [])).join(', ');
  const [registered, unregistered, notFixed] = [of('registered'), of('unregistered'), of('not-fixed')];
  const parts = [own, ...(registered ? [`by the kernel ${registered}`] : [])];
  if (unregistered) {
    const failure = await namespaceFailure(folder);
    if (failure !== undefined) {
      const detail = `only ${parts.join('; ')}: the kernel was not told of the emulators for ${unregistered} (${failure})`;
      return { name, state: 'limited', detail, mend: registerEmulator('all') };
    }
    parts.push(`by emulators that the kernel is told of while it builds ${unregistered}`);
  }
  if (registered || unregistered) return { name, state: 'ok', detail: parts.join('; ') };
  const seen = notFixed && `; emulators for ${notFixed} are registered without the flag F`;
  const detail = `only ${own}: RUN for other platforms needs emulators${seen}`;
  return { name, state: 'limited', detail, mend: installEmulator };
}

/** Why containers cannot have emulators of their own, if so. */
async function namespaceFailure(parent: string): Promise<string | undefined> {
  await using temp = makeTempFolder({ prefix: '.probe-', parent });
  try {
    await using _namespace = await EmulatorNamespace.open(join(temp.path, 'emulators'));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function network(): Finding {
  const tools = bridgeTools();
  if (tools) {
    return {
      name: 'network',
      state: 'ok',
      detail: `containers can have a network of their own (${tools.firewall.kind})`,
    };
  }
  const detail = "containers use the machine's network, or none";
  return { name: 'network', state: 'limited', detail, mend: installBridgeTools };
}

function disk(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  const detail = `${free.toFixed(1)} GB are free in ${folder}`;
  return free >= 2
    ? { name: 'disk', state: 'ok', detail }
    : { name: 'disk', state: 'limited', detail, mend: 'cli prune, or another --cache-dir' };
}
