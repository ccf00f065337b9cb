// Ports of what is watched, and processes that end: what is reached from this machine, and what is started again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { bridgeTools } from '../../packages/engine/src/executor/bridge.ts';
import { busyboxLayout } from '../rig/bases.ts';
import { leftOf } from '../rig/left.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';
import { Watching } from '../rig/watching.ts';

const contexts = { busybox: `oci-layout://${busyboxLayout()}` };

function workspace(images: Readonly<Record<string, object>>): Tree {
  const all = Object.entries(images).map(([id, watch]) => [
    id,
    { context: 'all', watch: { stopSignal: 'KILL', ...watch } },
  ]);
  return {
    'buildkit.config.json': JSON.stringify({ defaults: { contexts }, images: Object.fromEntries(all) }),
    all: { Dockerfile: 'FROM busybox\nCOPY page /www/\n', page: 'a page' },
  };
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = await listening(0);
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port);
  await once(server, 'listening');
  return server;
}

/** What is answered there by HTTP; an empty text where nobody answers. */
async function asked(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.end('GET /page HTTP/1.0\r\n\r\n');
  return text(socket).catch(() => '');
}

const serve = (port: number) => `sh -c 'httpd -p ${port} -h /www; echo serving; exec sleep 1000'`;

test('a port leads to another number of a container, also when that is started anew', async () => {
  const [outside, inside] = [await freePort(), await freePort()];
  await using rig = await Rig.open(
    workspace({
      api: { command: serve(inside), ports: [`127.0.0.1:${outside}:${inside}`, `${outside}:${inside}/udp`] },
    }),
  );
  await using end = new AsyncDisposableStack();
  const watching = end.use(new Watching(rig, ['api', '--up']));
  await watching.hears(`api: its container here does without port ${outside}:${inside}/udp\n`);
  await watching.hearsAll('api | serving\n', 'api  started\n', 'watching');
  assert.match(await asked(outside), /a page$/);
  rig.put('all/page', 'another page');
  await watching.hearsAll('api | serving\n', 'api  restarted\n');
  assert.match(await asked(outside), /another page$/);
  await end.disposeAsync();
  assert.equal(await asked(outside), '');
});

test('a port that is taken is said, and the next build tries again', async () => {
  using taken = disposable(await listening(0));
  const { port } = taken.server.address() as AddressInfo;
  await using rig = await Rig.open(workspace({ api: { command: serve(await freePort()), ports: `${port}:9` } }));
  await using watching = new Watching(rig, ['api', '--up']);
  await watching.hearsAll(
    `api can't be started: error: port ${port} of this machine is in use already, and ${port}:9 would lead from there\n`,
    'watching',
  );
  taken[Symbol.dispose]();
  rig.put('all/page', 'x');
  await watching.hears('api  ');
  await watching.hears('started\n');
});

function disposable(server: Server) {
  return { server, [Symbol.dispose]: () => void server.close() };
}

test('behind a bridge, containers listen on one port, each reached by its own', { skip: !bridgeTools() }, async () => {
  const command = serve(80);
  await using rig = await Rig.open(
    workspace({ one: { command, ports: '8081:80' }, two: { command, ports: ['8082:80', 80] } }),
  );
  // In a network of its own: others on this machine may have the addresses, and the ports.
  const own = rig.path('../cgroup');
  mkdirSync(own);
  const sys = `mount --rbind /sys/fs/cgroup ${own} && mount -t sysfs sysfs /sys && mount --rbind ${own} /sys/fs/cgroup`;
  const through = ['unshare', '--net', '--mount', 'sh', '-c', `${sys} && ip link set lo up && exec "$@"`, 'sh'];
  const { child, told, done } = rig.start(['watch', 'all', '--up', '--network-mode', 'bridge'], { through });
  for (const text of ['one  started\n', 'two  started\n', 'one | serving\n', 'two | serving\n', 'watching'])
    await told(text);
  const any = /two {2}port 80 is reached on port (\d+) of this machine\n/.exec(await told('is reached on port'));
  for (const port of [8081, 8082, any![1]!]) {
    const page = ['nc', '127.0.0.1', String(port)];
    const options = { input: 'GET /page HTTP/1.0\r\n\r\n', encoding: 'utf8' } as const;
    const { stdout } = spawnSync('nsenter', ['--net', '--target', String(child.pid), 'busybox', ...page], options);
    assert.match(stdout, /a page$/);
  }
  child.kill('SIGINT');
  assert.equal((await done).code, 130);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('in the network of this machine containers know each other, and of a port that two want it is said', async () => {
  const command = `awk '/two/ { print $1, $2 }' /etc/hosts`;
  const three = { up: false, ports: 80 };
  await using rig = await Rig.open(
    workspace({ one: { command, ports: `${await freePort()}:80` }, two: { ports: 80, command: 'true' }, three }),
  );
  await using watching = new Watching(rig, ['all', '--up']);
  const told = await watching.hearsAll('one | 127.0.0.1 two\n', 'watching');
  assert.match(
    told,
    /one and two listen on port 80 of this machine: only one of them can, unless --network-mode bridge/,
  );
});

test('a process that ends is started again as its policy says, and its exit code told', async () => {
  await using rig = await Rig.open(
    workspace({
      never: { command: 'sh -c "exit 3"' },
      failed: { command: 'sh -c "echo again; exit 4"', restart: 'on-failure:2' },
      killed: { command: 'sh -c "kill -9 $$$$; exit 1"', restart: 'on-failure:1' },
      always: {
        command: 'sh -c "test -e /data/x && exec sleep 1000; touch /data/x"',
        restart: 'always',
        volumes: '/data',
      },
    }),
  );
  await using watching = new Watching(rig, ['all', '--up']);
  const told = await watching.hearsAll(
    'never  ended with 3: it is started again when its image changes\n',
    'failed  ended with 4: it is started again in 100ms\n',
    'failed  ended with 4: it is started again in 200ms\n',
    'failed  ended with 4: it is started again when its image changes\n',
    'always  ended with 0: it is started again in 100ms\n',
  );
  assert.equal(told.match(/failed \| again\n/g)?.length, 3);
  assert.doesNotMatch(told, /always {2}ended[^]*always {2}ended/);
});

test('a container starts when those have started, or have done their work, that it depends on', async () => {
  const stays = 'sleep 1000';
  const dependsOn = { job: { condition: 'service_completed_successfully' }, db: {}, gone: {} };
  await using rig = await Rig.open(
    workspace({
      api: { command: stays, dependsOn },
      job: { command: 'sh -c "until test -e /all/go; do sleep 0.05; done"', dependsOn: ['db'], volumes: './all:/all' },
      db: { command: stays },
    }),
  );
  await using watching = new Watching(rig, ['all', '--up']);
  const before = await watching.hearsAll(
    'gone, which nothing here runs\n',
    'db  started\n',
    'job  started\n',
    'api  waits for ',
  );
  assert.doesNotMatch(before, /api {2}started|job {2}started[^]*db {2}started/);
  rig.put('all/go', '');
  await watching.hearsAll('job  ended with 0', 'api  started\n');
});

test('containers that wait for what never comes end with the watch, and circles are refused', async () => {
  await using rig = await Rig.open(
    workspace({
      api: { command: 'true', dependsOn: { job: { condition: 'service_completed_successfully' } } },
      job: { command: 'false' },
    }),
  );
  await using end = new AsyncDisposableStack();
  const watching = end.use(new Watching(rig, ['all', '--up']));
  await watching.hearsAll('api  waits for job\n', 'job  ended with 1');
  await end.disposeAsync();
  assert.deepEqual(leftOf(rig.cacheDir), []);
  await using circle = await Rig.open(workspace({ a: { dependsOn: ['b'] }, b: { dependsOn: ['a'] } }));
  const { code, stderr } = await circle.cli(['watch', 'all', '--up']);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /containers wait for each other: a → b → a\n/);
});

test('what is wrong with a port or a policy is refused', async () => {
  const refused = async (watch: object) => {
    await using rig = await Rig.open(workspace({ api: watch }));
    const { code, stderr } = await rig.cli(['watch', 'api']);
    assert.equal(code, 2, stderr);
    return stderr;
  };
  assert.match(await refused({ ports: '8080:http' }), /"8080:http" is not a port/);
  assert.match(await refused({ restart: 'sometimes' }), /"sometimes" is none of no, always/);
});
