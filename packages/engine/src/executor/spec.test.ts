import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxCapabilities } from './capabilities.ts';
import type { Process } from './executor.ts';
import { specOf, specText, type SpecInput } from './spec.ts';

const process: Process = {
  args: ['/bin/sh', '-c', 'true'],
  env: ['A=1'],
  cwd: '/work',
  user: '',
  hostname: '',
  extraHosts: [],
  ulimits: [],
  cgroupParent: '',
  validExitCodes: [],
  network: 'sandbox',
  security: 'sandbox',
  removeMountStubsRecursive: true,
};

const input: SpecInput = {
  process,
  user: { uid: 0, gid: 0, groups: [] },
  root: { path: '/bundle/rootfs', readonly: false },
  mounts: [],
  network: { kind: 'host' },
  resolvConf: '/lease/resolv.conf',
  hosts: '/lease/hosts',
  cgroup: { path: '/monokit/lease/id/box', namespace: false },
  machine: { architecture: 'amd64', capabilities: ['CAP_SYS_ADMIN', 'CAP_CHOWN'], seccomp: true, loopDevices: 2 },
};

const specWith = (change: Partial<SpecInput>) => specOf({ ...input, ...change });
const processWith = (change: Partial<Process>) => specWith({ process: { ...process, ...change } });

test('namespaces are those of a sandbox, and a network only where it is not the machine’s', () => {
  const types = (change: Partial<SpecInput>) => specWith(change).linux.namespaces.map(({ type }) => type);
  assert.deepEqual(types({}), ['pid', 'ipc', 'uts', 'mount']);
  assert.deepEqual(types({ network: { kind: 'own' } }), ['pid', 'ipc', 'uts', 'mount', 'network']);
  assert.deepEqual(specWith({ network: { kind: 'namespace', path: '/ns' } }).linux.namespaces.at(-1), {
    type: 'network',
    path: '/ns',
  });
  assert.ok(types({ cgroup: { path: '/x', namespace: true } }).includes('cgroup'));
});

test('the default mounts come in order, without /run', () => {
  assert.deepEqual(
    specWith({}).mounts.map(({ destination }) => destination),
    [
      '/proc',
      '/dev',
      '/dev/pts',
      '/dev/shm',
      '/dev/mqueue',
      '/sys',
      '/etc/resolv.conf',
      '/etc/hosts',
      '/sys/fs/cgroup',
    ],
  );
  assert.deepEqual(specWith({}).mounts[6], {
    destination: '/etc/resolv.conf',
    type: 'bind',
    source: '/lease/resolv.conf',
    options: ['nosuid', 'noexec', 'nodev', 'rbind', 'ro'],
  });
});

test('without a cgroup there is no mount of it', () => {
  const { cgroup: _, ...rest } = input;
  const spec = specOf(rest);
  assert.equal(spec.linux.cgroupsPath, undefined);
  assert.ok(!spec.mounts.some(({ type }) => type === 'cgroup'));
});

test('a mount at the place of another replaces it there', () => {
  const spec = specWith({
    mounts: [
      { destination: '/dev/shm/', type: 'tmpfs', source: 'tmpfs', options: ['size=1'] },
      { destination: 'm', type: 'bind', source: '/a', options: [] },
      { destination: '/m', type: 'bind', source: '/b', options: [] },
    ],
  });
  assert.deepEqual(spec.mounts[3], { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: ['size=1'] });
  assert.deepEqual(spec.mounts.slice(9), [{ destination: '/m', type: 'bind', source: '/b', options: [] }]);
});

test('shared memory has 64 MiB, or what is asked for', () => {
  const options = (change: Partial<SpecInput>) => specWith(change).mounts[3]?.options.at(-1);
  assert.equal(options({}), 'size=67108864');
  assert.equal(options({ shmSize: 16 << 20 }), 'size=16777216');
});

test('a sandboxed process has fourteen capabilities, none of them inherited, and a filter', () => {
  const { process, linux } = specWith({});
  assert.equal(sandboxCapabilities.length, 14);
  assert.deepEqual(process.capabilities, {
    bounding: sandboxCapabilities,
    effective: sandboxCapabilities,
    permitted: sandboxCapabilities,
  });
  assert.equal(process.noNewPrivileges, false);
  assert.equal(linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO');
  assert.ok(linux.maskedPaths.includes('/proc/kcore') && linux.readonlyPaths.includes('/proc/sys'));
  assert.deepEqual(linux.resources, { devices: [{ allow: false, access: 'rwm' }] });
  assert.equal(linux.devices, undefined);
});

test('an insecure process may all that the engine may', () => {
  const { process, linux, mounts } = processWith({ security: 'insecure' });
  const all = ['CAP_SYS_ADMIN', 'CAP_CHOWN'];
  assert.deepEqual(process.capabilities, {
    bounding: all,
    effective: all,
    permitted: all,
    inheritable: all,
    ambient: all,
  });
  assert.deepEqual([linux.seccomp, linux.maskedPaths, linux.readonlyPaths], [undefined, [], []]);
  assert.deepEqual(
    linux.resources.devices.map(({ allow, type }) => [allow, type]),
    [
      [true, 'c'],
      [true, 'b'],
    ],
  );
  const devices = linux.devices?.map(({ path }) => path);
  assert.deepEqual(devices?.slice(0, 6), [
    '/dev/kmsg',
    '/dev/cuse',
    '/dev/fuse',
    '/dev/kvm',
    '/dev/net/tun',
    '/dev/loop-control',
  ]);
  assert.equal(devices?.at(-1), '/dev/loop9');
  for (const place of ['/sys', '/sys/fs/cgroup']) {
    assert.ok(mounts.find(({ destination }) => destination === place)?.options.includes('rw'), place);
  }
});

test('the group of the user is among its groups', () => {
  const groups = (user: SpecInput['user']) => specWith({ user }).process.user.additionalGids;
  assert.deepEqual(groups({ uid: 7, gid: 8, groups: [] }), [8]);
  assert.deepEqual(groups({ uid: 7, gid: 8, groups: [9] }), [8, 9]);
  assert.deepEqual(groups({ uid: 7, gid: 8, groups: [9, 8] }), [9, 8]);
});

test('each variable is there once, with its last value; PATH always', () => {
  const env = (...given: string[]) => processWith({ env: given }).process.env;
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(env(), [path]);
  assert.deepEqual(env('A=1', 'B=', 'A=2=3'), ['A=2=3', 'B=', path]);
  assert.deepEqual(env('PATH=/x', 'A=1'), ['PATH=/x', 'A=1']);
});

test('limits are written as the kernel names them, -1 as none', () => {
  assert.equal(processWith({}).process.rlimits, undefined);
  const text = specText(
    processWith({
      ulimits: [
        { name: 'nofile', soft: 1, hard: 2 },
        { name: 'core', soft: -1, hard: -1 },
      ],
    }),
  );
  assert.match(text, /"rlimits":\[\{"type":"RLIMIT_NOFILE","soft":1,"hard":2\},/);
  assert.match(text, /\{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615\}\]/);
});

test('resources are those that were set', () => {
  const of = (resources: Process['resources']) => processWith({ resources: resources! }).linux.resources;
  assert.deepEqual(of({ memory: 5, memorySwap: 6 }).memory, { limit: 5, swap: 6 });
  assert.deepEqual(of({ cpuShares: 1, cpuQuota: 2, cpuPeriod: 3, cpusetCpus: '0-1', cpusetMems: '0' }).cpu, {
    shares: 1,
    quota: 2,
    period: 3,
    cpus: '0-1',
    mems: '0',
  });
  assert.deepEqual(Object.keys(of({ memory: 0 })), ['devices']);
});

test('hostname and folder have their defaults', () => {
  assert.equal(specWith({}).hostname, 'buildkitsandbox');
  assert.equal(processWith({ hostname: 'own' }).hostname, 'own');
  assert.equal(processWith({ cwd: '' }).process.cwd, '/');
  assert.equal(processWith({ cwd: 'rel/../x' }).process.cwd, '/x');
});
