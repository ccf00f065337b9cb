// What the runtime is told: a process and its mounts as OCI's runtime spec, the one that BuildKit would write. Pure.

import { posix } from 'node:path';
import type { ContainerLimits } from '../oci/container-limits.ts';
import { sandboxCapabilities } from './capabilities.ts';
import type { Process } from './executor.ts';
import type {
  CapabilitySets,
  Device,
  IdMapping,
  LinuxResources,
  Namespace,
  RuntimeSpec,
  SpecMount,
} from './runtime-spec.ts';
import { seccompProfile } from './seccomp.ts';
import type { User } from './user.ts';

/** What the machine is, as far as a spec depends on it. */
export interface Machine {
  /** As Go names it (`amd64`). */
  readonly architecture: string;
  /** What the engine itself may do: what a process with security `insecure` gets. */
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  /** How many loop devices there are, with those in use. */
  readonly loopDevices: number;
}

export interface SpecInput {
  readonly process: Process;
  readonly user: User;
  readonly root: { readonly path: string; readonly readonly: boolean };
  /** The process's own mounts, in the order they are made; at a default one's place they replace it. */
  readonly mounts: readonly SpecMount[];
  readonly network: { readonly kind: 'host' | 'own' } | { readonly kind: 'namespace'; readonly path: string };
  /** One to join, of the same users as the machine's. */
  readonly userNamespace?: string;
  readonly resolvConf: string;
  readonly hosts: string;
  readonly shmSize?: number;
  /** Undefined where cgroups may not be written. */
  readonly cgroup?: { readonly path: string; readonly namespace: boolean };
  readonly machine: Machine;
  readonly terminal?: boolean;
}

/** BuildKit's name for a container that was given none. */
export const defaultHostname = 'buildkitsandbox';
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const defaultShmSize = 65536 * 1024;

/** All users, each as itself. */
export const everyId: IdMapping = { containerID: 0, hostID: 0, size: 0xffff_ffff };

export function specOf(input: SpecInput): RuntimeSpec {
  const { process, root, machine, cgroup } = input;
  const insecure = process.security === 'insecure';
  const capabilities = capabilitySets(insecure ? machine.capabilities : undefined);
  return {
    ociVersion: '1.0.2',
    process: processOf(input),
    root,
    hostname: process.hostname || defaultHostname,
    mounts: mergedMounts([...defaultMounts(input), ...input.mounts]),
    linux: {
      ...(cgroup && { cgroupsPath: cgroup.path }),
      resources: linuxResources(process.resources ?? {}, insecure),
      namespaces: namespaces(input),
      // Older versions of runc want to be told what they could see in the namespace.
      ...(input.userNamespace !== undefined && { uidMappings: [everyId], gidMappings: [everyId] }),
      ...(insecure && { devices: insecureDevices(machine.loopDevices) }),
      ...(!insecure && machine.seccomp && { seccomp: seccompProfile(machine.architecture, capabilities.bounding) }),
      maskedPaths: insecure ? [] : maskedPaths,
      readonlyPaths: insecure ? [] : readonlyPaths,
    },
  };
}

/** The process alone, as one more of a container is told. */
export function processOf({
  process,
  user,
  machine,
  terminal = false,
}: Pick<SpecInput, 'process' | 'user' | 'machine' | 'terminal'>): RuntimeSpec['process'] {
  return {
    terminal,
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: 0o022,
      additionalGids: user.groups.includes(user.gid) ? user.groups : [user.gid, ...user.groups],
    },
    args: process.args,
    env: environment(process.env),
    cwd: posix.resolve('/', process.cwd),
    capabilities: capabilitySets(process.security === 'insecure' ? machine.capabilities : undefined),
    ...(process.ulimits.length > 0 && {
      rlimits: process.ulimits.map(({ name, soft, hard }) => ({ type: `RLIMIT_${name.toUpperCase()}`, soft, hard })),
    }),
    noNewPrivileges: false,
  };
}

/** config.json. A limit of -1 becomes 2^64-1, which no JavaScript number is. */
export function specText(spec: RuntimeSpec | RuntimeSpec['process']): string {
  const unlimited = '\0unlimited';
  return JSON.stringify(spec, (key, value: unknown) =>
    (key === 'soft' || key === 'hard') && typeof value === 'number' && value < 0 ? unlimited : value,
  ).replaceAll(JSON.stringify(unlimited), '18446744073709551615');
}

/** Each name once, in its first place with its last value; and a PATH. */
function environment(given: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const entry of given) {
    const end = entry.indexOf('=', 1);
    if (end > 0) byName.set(entry.slice(0, end), entry);
  }
  if (!byName.has('PATH')) byName.set('PATH', `PATH=${defaultPath}`);
  return [...byName.values()];
}

function capabilitySets(all: readonly string[] | undefined): CapabilitySets {
  if (all) return { bounding: all, effective: all, permitted: all, inheritable: all, ambient: all };
  return { bounding: sandboxCapabilities, effective: sandboxCapabilities, permitted: sandboxCapabilities };
}

function namespaces({ network, cgroup, userNamespace }: SpecInput): Namespace[] {
  const own: Namespace[] = [{ type: 'pid' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }];
  if (network.kind === 'own') own.push({ type: 'network' });
  if (network.kind === 'namespace') own.push({ type: 'network', path: network.path });
  if (cgroup?.namespace) own.push({ type: 'cgroup' });
  if (userNamespace !== undefined) own.push({ type: 'user', path: userNamespace });
  return own;
}

function defaultMounts(input: SpecInput): SpecMount[] {
  const { process, shmSize, resolvConf, hosts, cgroup } = input;
  const access = process.security === 'insecure' ? 'rw' : 'ro';
  const none = ['nosuid', 'noexec', 'nodev'];
  const file = (destination: string, source: string): SpecMount => ({
    destination,
    type: 'bind',
    source,
    options: [...none, 'rbind', 'ro'],
  });
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: none },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...none, 'mode=1777', `size=${shmSize || defaultShmSize}`],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: none },
    sysMount(input, [...none, access]),
    file('/etc/resolv.conf', resolvConf),
    file('/etc/hosts', hosts),
    ...(cgroup
      ? [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [access, ...none] }]
      : []),
  ];
}

/** In a user namespace, that of a network which is not of that namespace can only be bound. */
function sysMount({ userNamespace, network }: SpecInput, options: readonly string[]): SpecMount {
  const destination = '/sys';
  if (userNamespace === undefined || network.kind === 'own') {
    return { destination, type: 'sysfs', source: 'sysfs', options };
  }
  return { destination, type: 'bind', source: '/sys', options: ['rbind', 'rro', ...options] };
}

/** Of mounts at one place the last one wins, in the place of the first. */
function mergedMounts(mounts: readonly SpecMount[]): SpecMount[] {
  const byPlace = new Map<string, SpecMount>();
  for (const mount of mounts) {
    const destination = posix.resolve('/', mount.destination);
    byPlace.set(destination, { ...mount, destination });
  }
  return [...byPlace.values()];
}

function linuxResources(limits: ContainerLimits, insecure: boolean): LinuxResources {
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = limits;
  const cpu = {
    ...(cpuShares && { shares: cpuShares }),
    ...(cpuQuota && { quota: cpuQuota }),
    ...(cpuPeriod && { period: cpuPeriod }),
    ...(cpusetCpus && { cpus: cpusetCpus }),
    ...(cpusetMems && { mems: cpusetMems }),
  };
  return {
    // The runtime itself adds null, zero, full, random, urandom, tty, console, ptmx and pts to what is allowed.
    devices: insecure
      ? [
          { allow: true, type: 'c', access: 'rwm' },
          { allow: true, type: 'b', access: 'rwm' },
        ]
      : [{ allow: false, access: 'rwm' }],
    ...((memory || memorySwap) && {
      memory: { ...(memory && { limit: memory }), ...(memorySwap && { swap: memorySwap }) },
    }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
  };
}

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/proc/scsi',
];

const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Those in use and a few more: a build may make its own. */
function insecureDevices(loopDevices: number): Device[] {
  const misc = (path: string, minor: number): Device => ({ path, type: 'c', major: 10, minor });
  return [
    { path: '/dev/kmsg', type: 'c', major: 1, minor: 11 },
    misc('/dev/cuse', 203),
    misc('/dev/fuse', 229),
    misc('/dev/kvm', 232),
    misc('/dev/net/tun', 200),
    misc('/dev/loop-control', 237),
    ...Array.from({ length: loopDevices + 8 }, (_, minor): Device => ({
      path: `/dev/loop${minor}`,
      type: 'b',
      major: 7,
      minor,
    })),
  ];
}
