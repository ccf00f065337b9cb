// Volumes of what is watched: what containers see, what stays, and that nothing leads out or is left behind.

import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { leftOf, processesWith } from '../rig/left.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';
import { Watching } from '../rig/watching.ts';

const busybox = `oci-layout://${busyboxLayout()}`;
const contexts = { busybox };

/** An image of one container, which runs a line of shell and stays. */
function api(watch: object, script: string, dockerfile = ''): Tree {
  return {
    'buildkit.config.json': JSON.stringify({
      defaults: { contexts },
      images: { api: { context: 'api', watch: { stopSignal: 'KILL', ...watch } } },
    }),
    api: {
      Dockerfile: `FROM busybox\n${dockerfile}COPY main.sh /\nCMD ["sh", "/main.sh"]\n`,
      'main.sh': `${script}\nexec sleep 1000\n`,
    },
  };
}

const volumeOf = (rig: Rig, name: string) => globSync(`${rig.cacheDir}/state/volumes/*/${name}`)[0]!;

test('services of a compose file see folders of the workspace, and share volumes that stay', async () => {
  await using rig = await Rig.open({
    'compose.yaml': `
services:
  web:
    build: ./web
    command: ["sh", "-c", 'cat /src/a /shared/seed; echo web > /shared/web; ls /src/node_modules; echo x > /src/made; exec sleep 1000']
    stop_signal: SIGKILL
    volumes: ['./web:/src', 'shared:/shared', '/src/node_modules']
  job:
    build: ./web
    stop_signal: SIGKILL
    command: >
      sh -c 'until test -e /shared/web; do sleep 0.05; done; stat -c "%U %a" /shared; touch /conf/x || echo "is read-only";
      grep " /run " /proc/mounts; cat /conf/a /conf/file; exec sleep 1000'
    volumes:
      - shared:/shared
      - { type: bind, source: ./web, target: /conf, read_only: true }
      - ./one:/conf/file
    tmpfs: ['/run:size=1m']
volumes:
  shared: {}
`,
    one: 'of a file\n',
    web: {
      a: 'of the workspace\n',
      Dockerfile:
        'FROM busybox\nRUN mkdir -p /shared /src/node_modules; echo seed > /shared/seed; chmod 750 /shared; chown nobody /shared; touch /src/node_modules/of-the-image\n',
      '.dockerignore': '*',
      file: '',
    },
  });
  const args = ['all', '--up', ...['web', 'job'].flatMap((id) => ['--set', `${id}.contexts.busybox=${busybox}`])];
  {
    await using watching = new Watching(rig, args);
    const told = await watching.hearsAll(
      'web | of the workspace\n',
      'web | seed\n',
      'web | of-the-image\n',
      'job | nobody 750\n',
      'job | is read-only\n',
      'size=1024k',
      'job | of a file\n',
    );
    assert.doesNotMatch(told, /does without/);
  }
  assert.equal(readFileSync(rig.path('web/made'), 'utf8'), 'x\n');
  const volume = volumeOf(rig, 'shared');
  assert.equal(readFileSync(`${volume}/data/web`, 'utf8'), 'web\n');
  assert.equal(statSync(volume).mode & 0o777, 0o700);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  // What is in it stays, whatever the image has there.
  writeFileSync(`${volume}/data/seed`, 'of the first time\n');
  await using again = new Watching(rig, args);
  await again.hears('web | of the first time\n');
});

test('a volume without a name is new with each image, and gone with the last', async () => {
  const script = 'echo "there: $(ls /data)"; touch /data/mine';
  await using rig = await Rig.open(api({ volumes: '/data' }, script, 'RUN mkdir /data; touch /data/theirs\n'));
  await using end = new AsyncDisposableStack();
  const watching = end.use(new Watching(rig, ['api', '--up']));
  await watching.hearsAll('api | there: theirs\n', 'watching');
  rig.put('api/main.sh', `${script}; echo again\nexec sleep 1000\n`);
  await watching.hears('api | there: theirs\n');
  await watching.hears('api | again\n');
  await end.disposeAsync();
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('no link in a volume leads what is put there out of it', { skip: chrooted }, async () => {
  await using rig = await Rig.open();
  const outside = rig.path('../outside');
  mkdirSync(outside);
  writeFileSync(`${outside}/kept`, 'kept');
  const actions = [{ action: 'sync', path: 'api/src', target: '/data/trap' }];
  const script = `ln -s ${outside} /data/trap; ln -s ${outside} /data/seed; mkdir -p /data${outside}; echo set`;
  await rig.write({
    ...api({ volumes: ['data:/data'], actions }, script),
    'api/src/kept': 'k',
  });
  {
    await using watching = new Watching(rig, ['api', '--up']);
    await watching.hearsAll('api | set\n', 'watching');
    rig.put('api/src/kept', 'written');
    await watching.hears('synced\n');
  }
  assert.equal(readFileSync(`${outside}/kept`, 'utf8'), 'kept');
  assert.equal(readFileSync(`${volumeOf(rig, 'data')}/data/${outside}/kept`, 'utf8'), 'written');
  // As a process left it that was killed when the volume was about to get what its image has.
  const volume = volumeOf(rig, 'data');
  mkdirSync(`${volume}/filling/seed`, { recursive: true });
  writeFileSync(`${volume}/filling/seed/kept`, 'of the image');
  writeFileSync(`${volume}/filling/new`, 'of the image');
  mkdirSync(`${volume}/new.half`);
  await using again = new Watching(rig, ['api', '--up']);
  await again.hears('api | set\n');
  assert.equal(readFileSync(`${outside}/kept`, 'utf8'), 'kept');
  assert.equal(readFileSync(`${volume}/data/new`, 'utf8'), 'of the image');
  assert.deepEqual([existsSync(`${volume}/filling`), existsSync(`${volume}/new.half`)], [false, false]);
});

test('killed, a watch leaves its named volumes, and nothing else that stays', async () => {
  const script = 'echo kept > /data/a; touch /passing/b; touch /workspace/c; echo ready';
  const volumes = ['data:/data', '/passing', './api:/workspace', '/workspace/inner'];
  await using rig = await Rig.open(api({ volumes, tmpfs: '/run' }, script));
  const { child, told, done } = rig.start(['watch', 'api', '--up']);
  await told('api | ready\n');
  child.kill('SIGKILL');
  await done;
  await rig.ok(['build', 'api']);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  assert.deepEqual(processesWith(rig.cacheDir), []);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(rig.cacheDir));
  assert.equal(readFileSync(`${volumeOf(rig, 'data')}/data/a`, 'utf8'), 'kept\n');
  assert.ok(existsSync(rig.path('api/c')));
});

test('what a container has mounted is not put there again, and what follows is done', { skip: chrooted }, async () => {
  const actions = [
    { action: 'sync+restart', path: 'api/src' },
    { action: 'sync', path: 'api/doc', target: '/doc' },
  ];
  await using rig = await Rig.open({
    ...api({ volumes: './api/src:/src', actions }, 'cat /src/a'),
    'api/src/a': 'one\n',
    'api/doc/d': 'd',
  });
  await using watching = new Watching(rig, ['api', '--up']);
  await watching.hearsAll('api | one\n', 'watching');
  rig.put('api/src/a', 'two\n');
  const told = await watching.hearsAll('api | two\n', 'api  restarted\n');
  assert.doesNotMatch(told, /synced|✔/);
});

test('volumes that cannot be are refused before anything runs, or where they would be mounted', async () => {
  const refused = async (watch: object, code: number) => {
    await using rig = await Rig.open(api(watch, 'true'));
    const ended = await rig.cli(['watch', 'api', '--up', ...(code === 2 ? [] : ['--once'])]);
    assert.equal(ended.code, code, ended.stderr);
    return ended.stderr;
  };
  assert.match(await refused({ volumes: '../up/and:away:/x:ro' }, 2), /is not a volume: write SOURCE:TARGET/);
  assert.match(await refused({ volumes: 'a b:/x' }, 2), /"a b" is not a name: letters, digits/);
  assert.match(await refused({ volumes: './x:/' }, 2), /a volume cannot be all of the container/);
  assert.match(
    await refused({ volumes: [{ type: 'volume', source: 'v', target: '/v', tmpfs: { size: 1 } }] }, 2),
    /tmpfs goes with/,
  );
  const actions = [{ action: 'sync', path: 'api/main.sh', target: '/data/x' }];
  assert.match(
    await refused({ volumes: './x:/data', actions }, 2),
    /syncs to \/data\/x, where the container has x itself\n/,
  );
  await using rig = await Rig.open(
    api({ volumes: { type: 'bind', source: 'gone', target: '/x', bind: { create_host_path: false } } }, 'true'),
  );
  await using watching = new Watching(rig, ['api', '--up']);
  await watching.hears(`api can't be started: error: there is no ${rig.path('gone')}, which /x should be\n`);
});
