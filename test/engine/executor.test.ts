import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { findCgroups } from '../../packages/engine/src/executor/cgroup.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { messageOf, openContainerRig, secret, type Ran } from '../rig/container.ts';

const rig = await openContainerRig();
after(() => rig[Symbol.asyncDispose]());

const failure = ({ error }: Ran) => (error instanceof Failed ? error.failure : error);

test('a process that ends well has said what it says, on two streams', async () => {
  const ran = await rig.run('echo out; echo err >&2; echo again > /dev/stdout');
  assert.deepEqual(ran, { stdout: 'out\nagain\n', stderr: 'err\n' });
});

test('megabytes of output arrive whole before the run ends', async () => {
  const out = await rig.output('dd if=/dev/zero bs=65536 count=64 2>/dev/null');
  assert.equal(out.length, 64 * 65536);
});

test("an exit code is told in BuildKit's words, and only valid ones are success", async () => {
  const ran = await rig.run('echo "before it fails"; exit 42');
  assert.equal(
    messageOf(ran),
    'process "/bin/sh -c echo \\"before it fails\\"; exit 42" did not complete successfully: exit code: 42',
  );
  assert.deepEqual(ran.stdout, 'before it fails\n');
  assert.equal((await rig.run('exit 42', { validExitCodes: [0, 42] })).error, undefined);
  assert.match(messageOf(await rig.run('exit 0', { validExitCodes: [42] })), /exit code: 0$/);
});

test('a program that is not there fails like one that exits with 1, and is named', async () => {
  const ran = await rig.run(['no-such-program', 'x']);
  assert.match(messageOf(ran), /^process "no-such-program x" did not .*: exit code: 1: exec.*no-such-program/);
  assert.deepEqual(
    { ...(failure(ran) as object), message: '' },
    {
      kind: 'process-exit',
      process: 'no-such-program x',
      code: 1,
      ran: false,
      message: '',
    },
  );
});

test('a killed process ends as a shell says', async () => {
  assert.match(messageOf(await rig.run("sh -c 'kill -9 $$'; exit $?")), /exit code: 137$/);
});

test('users, groups and supplementary groups come from the container', async () => {
  const who = 'id -u; id -g; id -G';
  assert.equal(await rig.output(who), '0\n0\n0 29\n');
  assert.equal(await rig.output(who, { user: 'www' }), '33\n34\n34 29 100\n');
  assert.equal(await rig.output(who, { user: '33' }), '33\n34\n34 29 100\n');
  assert.equal(await rig.output(who, { user: 'www:users' }), '33\n100\n100\n');
  assert.equal(await rig.output(who, { user: '7:8' }), '7\n8\n8\n');
  assert.equal(
    messageOf(await rig.run('true', { user: 'ghost' })),
    'process "/bin/sh -c true" did not complete successfully: unable to find user ghost: no matching entries in passwd file',
  );
});

test('a passwd file that leads out of the container is not followed', async () => {
  const { upper, root } = rig.layer();
  mkdirSync(join(upper, 'etc'));
  symlinkSync('/../../../../../../etc/passwd', join(upper, 'etc/passwd'));
  const ran = await rig.run('true', { user: 'daemon', root });
  assert.match(messageOf(ran), /unable to find user daemon/);
});

test('the environment is what was given, and a PATH', async () => {
  assert.equal(
    await rig.output(['env'], { env: ['A=1', 'B=2', 'A=3'] }),
    'A=3\nB=2\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOME=/root\n',
  );
  assert.match(await rig.output(['/bin/env'], { env: ['PATH=/only'] }), /^PATH=\/only$/m);
});

test("a working folder is made with its parents, its user's", async () => {
  const { upper, root } = rig.layer();
  assert.equal(
    await rig.output('pwd; stat -c "%u:%g %a" . ..', { cwd: '/a/b', user: 'www', root }),
    '/a/b\n33:34 755\n33:34 755\n',
  );
  assert.deepEqual(readdirSync(upper).sort(), ['a', 'etc']);
});

test('the hostname, the hosts and the umask are those of a build', async () => {
  assert.equal(
    await rig.output('hostname; cat /etc/hosts; umask'),
    'buildkitsandbox\n127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n0022\n',
  );
  const extraHosts = [{ host: 'db.test', ip: '10.1.2.3' }];
  const out = await rig.output('hostname; cat /etc/hosts', { hostname: 'own', extraHosts });
  assert.equal(out, 'own\n127.0.0.1\tlocalhost own\n::1\tlocalhost ip6-localhost ip6-loopback\n10.1.2.3\tdb.test\n');
  assert.match(messageOf(await rig.run('echo x >> /etc/hosts')), /exit code: 1$/);
});

test('without network only loopback is left, and it is up', async () => {
  assert.equal(await rig.output('ls /sys/class/net; cat /sys/class/net/lo/flags'), 'lo\n0x9\n');
});

test("the machine's network is that of the machine", async () => {
  const namespace = readlinkSync('/proc/self/ns/net');
  assert.equal((await rig.output('readlink /proc/self/ns/net', { network: 'host' })).trim(), namespace);
  assert.notEqual((await rig.output('readlink /proc/self/ns/net', { network: 'none' })).trim(), namespace);
  assert.match(await rig.output('cat /etc/resolv.conf', { network: 'host' }), /^nameserver /m);
});

test('limits and the size of shared memory are as asked', async () => {
  const out = await rig.output("ulimit -Sn; ulimit -Hn; df -k /dev/shm | awk 'NR==2 { print $2 }'", {
    ulimits: [
      { name: 'nofile', soft: 123, hard: 456 },
      { name: 'core', soft: -1, hard: -1 },
    ],
    shmSize: 16 << 20,
  });
  assert.equal(out, '123\n456\n16384\n');
});

test('a sandbox may not mount; an insecure process may', async () => {
  const script = 'mount -t tmpfs none /tmp 2>/dev/null && echo mounted || echo refused';
  assert.equal(await rig.output(script), 'refused\n');
  assert.equal(await rig.output(script, { security: 'insecure' }), 'mounted\n');
  const status = await rig.output('grep -E "^(CapEff|CapAmb|Seccomp|NoNewPrivs):" /proc/self/status');
  assert.equal(status, 'CapEff:\t00000000a80425fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n');
});

test('a tmpfs hides what was there, has its size, and leaves nothing', async () => {
  const { upper, root } = rig.layer();
  const out = await rig.output("ls /bin; stat -c %a /new/t; df -k /new/t | awk 'NR==2 { print $2 }'; touch /new/t/x", {
    root,
    user: 'www',
    env: ['PATH=/box'],
    mounts: [
      { kind: 'tmpfs', target: '/new/t', size: 64 << 10 },
      { kind: 'bind', target: '/box', path: join(rig.base, 'bin'), readonly: true },
    ],
  });
  assert.equal(out.split('\n').slice(-3).join(), '1777,64,');
  assert.deepEqual(readdirSync(upper), ['etc']);
  assert.deepEqual(readdirSync(join(upper, 'etc')), []);
});

test('what is mounted read-only cannot be written', async () => {
  const path = join(rig.folder, 'shared');
  mkdirSync(path);
  writeFileSync(join(path, 'f'), 'f');
  const mounts = [{ kind: 'bind', target: '/s', path, readonly: true }] as const;
  const ran = await rig.run('cat /s/f; touch /s/g', { mounts });
  assert.equal(ran.stdout, 'f');
  assert.match(messageOf(ran), /exit code: 1$/);
  await rig.output('touch /s/g', { mounts: [{ ...mounts[0], readonly: false }] });
  assert.deepEqual(readdirSync(path), ['f', 'g']);
});

test('part of a tree is mounted, and its links never lead out of it', async () => {
  const tree = join(rig.folder, 'tree');
  mkdirSync(join(tree, 'etc/inner'), { recursive: true });
  writeFileSync(join(tree, 'etc/inner/a'), 'inside');
  writeFileSync(join(tree, 'etc/hostname'), "the tree's own");
  symlinkSync('/etc', join(tree, 'out'));
  const mount = { kind: 'bind', path: tree, readonly: true } as const;
  const out = await rig.output('cat /m/a; cat /n; cat /o/hostname', {
    mounts: [
      { kind: 'tree', target: '/m', mount, selector: '/etc/inner', readonly: true },
      { kind: 'tree', target: '/n', mount, selector: 'out/hostname', readonly: true },
      { kind: 'tree', target: '/o', mount, selector: '../../out', readonly: true },
    ],
  });
  assert.equal(out, "insidethe tree's ownthe tree's own");
});

test('what is written to a layer of its own under a mount is not in the root', async () => {
  const { upper, root } = rig.layer();
  const other = rig.layer();
  await rig.output('echo x > /m/x', {
    root,
    mounts: [{ kind: 'tree', target: '/m', mount: other.root.mount, readonly: false }],
  });
  assert.ok(existsSync(join(other.upper, 'x')));
  assert.equal(existsSync(join(upper, 'm')), false);
});

test('a secret is where it should be, as it should be, and never on a disk', async () => {
  const { upper, root } = rig.layer();
  const out = await rig.output(
    'cat /run/secrets/s; stat -c "%u:%g %a" /run/secrets/s; grep " /run/secrets/s " /proc/self/mountinfo',
    {
      root,
      user: 'www',
      mounts: [secret('/run/secrets/s', 'sesame', { uid: 33, gid: 34, mode: 0o440 })],
    },
  );
  assert.match(out, /^sesame33:34 440\n.* ro,nosuid,nodev,noexec[, ].* - tmpfs /);
  assert.deepEqual(readdirSync(upper), ['etc']);

  const denied = await rig.run('cat /s', { user: 'www', mounts: [secret('/s', 'sesame')] });
  assert.match(messageOf(denied), /exit code: 1$/);
  assert.doesNotMatch(JSON.stringify([denied.error, messageOf(denied)]), /sesame/);
});

test("nobody else on the machine can reach a running container's secret", async () => {
  const stop = new AbortController();
  let mode: number | undefined;
  await rig.run('echo up; sleep 1000', {
    mounts: [secret('/s', 'sesame', { mode: 0o444 })],
    signal: stop.signal,
    onOutput: () => {
      mode ??= statSync(join(rig.runFolder, rig.leaseId, 'vault')).mode & 0o777;
      stop.abort();
    },
  });
  assert.equal(mode, 0o700);
  assert.equal(statSync(rig.runFolder).mode & 0o777, 0o700);
});

test("an agent's socket is reached through one with its own owner and mode", async () => {
  const path = join(rig.folder, 'agent.sock');
  const agent = createServer((socket) => socket.end('I am the agent\n')).listen(path);
  after(() => agent.close());
  const before = lstatSync(path);
  const bind = (path: string, target = path) => ({ kind: 'bind', path, target, readonly: true }) as const;
  const ask = "require('net').connect('/agent').on('end', () => process.exit()).pipe(process.stdout)";
  const out = await rig.output(`stat -c "%F %u:%g %a" /agent; /node/node -e "${ask}"`, {
    mounts: [
      { kind: 'ssh', target: '/agent', socket: path, uid: 33, gid: 34, mode: 0o660 },
      bind('/lib'),
      bind('/lib64'),
      bind(dirname(process.execPath), '/node'),
    ],
  });
  assert.equal(out, 'socket 33:34 660\nI am the agent\n');
  assert.deepEqual([lstatSync(path).uid, lstatSync(path).mode], [before.uid, before.mode]);
});

test('mount points that did not exist leave no trace, not even a time', async () => {
  const { upper, root } = rig.layer();
  const then = new Date('2001-02-03T04:05:06.789Z');
  utimesSync(join(rig.base, 'etc'), then, then);
  utimesSync(upper, then, then);
  await rig.output('true', {
    root,
    mounts: [{ kind: 'tmpfs', target: '/a/b/c' }, { kind: 'tmpfs', target: '/a/b/c/d' }, secret('/a/s', 'x')],
  });
  assert.deepEqual(readdirSync(upper), ['etc']);
  assert.equal(statSync(join(upper, 'etc')).mtimeMs, then.getTime());
  assert.equal(statSync(upper).mtimeMs, then.getTime());
});

test('what the process put beside a mount point stays, and with it the folders above', async () => {
  const { upper, root } = rig.layer();
  await rig.output('touch /a/kept', { root, mounts: [{ kind: 'tmpfs', target: '/a/b' }] });
  assert.deepEqual(readdirSync(join(upper, 'a')), ['kept']);
});

test('only the mount point itself is removed unless all is asked for', async () => {
  const { upper, root } = rig.layer();
  await rig.output('true', { root, removeMountStubsRecursive: false, mounts: [{ kind: 'tmpfs', target: '/a/b' }] });
  assert.deepEqual(readdirSync(upper).sort(), ['a', 'etc']);
  assert.deepEqual(readdirSync(join(upper, 'a')), []);
});

test('a read-only root cannot be written', async () => {
  const ran = await rig.run('echo x > /x', { root: { ...rig.layer().root, readonly: true } });
  assert.match(messageOf(ran), /exit code: 1$/);
});

test('a tree that cannot be written at all must have its mount points', async () => {
  const root = { mount: { kind: 'bind', path: rig.base, readonly: true }, readonly: true } as const;
  const ran = await rig.run('true', { root });
  assert.match(messageOf(ran), /^process ".*" did not .*: \/etc\/resolv.conf does not exist, and cannot be made/);
});

test('a container can be put below another cgroup, and leaves nothing there either', async () => {
  await using other = await openContainerRig();
  const cgroupParent = `/${other.leaseId}-parent`;
  const out = await other.output('cat /proc/self/cgroup', { cgroupParent });
  // In a cgroup namespace a container sees its own group as the root.
  const own = findCgroups().kind === 'v2' ? '/' : `${cgroupParent}/monokit/${other.leaseId}/\\w+/box`;
  assert.match(out, new RegExp(`:${own}$`, 'm'));
  await other.executor[Symbol.asyncDispose]();
  const hierarchies = findCgroups().hierarchies.map((folder) => join(folder, cgroupParent));
  for (const parent of hierarchies.filter((folder) => existsSync(folder))) {
    assert.deepEqual(
      readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
      [],
    );
    // A parent is its owner's: it is not removed.
    rmdirSync(parent);
  }
  assert.match(messageOf(await rig.run('true', { cgroupParent: 'system.slice:' })), /systemd/);
});

test('a process that takes more memory than it may is told apart', async () => {
  const ran = await rig.run('head -c 200000000 /dev/zero | tail -c 100000000 > /dev/null; exit 3', {
    resources: { memory: 16 << 20, memorySwap: 16 << 20 },
  });
  assert.deepEqual((failure(ran) as { kind: string; outOfMemory?: boolean }).kind, 'process-killed');
  assert.match(
    messageOf(ran),
    /did not complete successfully: cannot allocate memory: killed: out of memory, peak 1\d\.\d MiB, with a limit of 16\.0 MiB$/,
  );
});

test('a platform that this machine cannot run fails before anything is started', async () => {
  const ran = await rig.run('true', { platform: { os: 'linux', architecture: 'vax' } });
  assert.equal((failure(ran) as { kind: string }).kind, 'platform-unsupported');
  assert.match(messageOf(ran), /apt-get install -y qemu-user-static/);
});
