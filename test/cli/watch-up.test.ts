// Containers of what is watched: with real runc, what a change does to them, and that nothing of them is left.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { leftOf, processesWith } from '../rig/left.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';
import { Watching } from '../rig/watching.ts';

const contexts = { busybox: `oci-layout://${busyboxLayout()}` };

/** Says what it is at its start, and ends when it is asked to. */
const main = `
trap 'echo bye; exit 0' USR1
echo "started as $(id -u) in $(pwd) with $WHO: $(cat /app/src/a)"
while :; do sleep 0.05; done
`;

const dockerfile = `FROM busybox
RUN echo 'app:x:1234:1234::/:/bin/sh' >> /etc/passwd; chown -R 1234 /app 2>/dev/null; true
COPY main.sh /main.sh
COPY src /app/src/
ENV WHO=me
WORKDIR /app
USER app
STOPSIGNAL SIGUSR1
CMD ["sh", "/main.sh"]
`;

function project(watch: object): Tree {
  const config = { discover: true, defaults: { contexts }, images: { api: { watch } } };
  return {
    'buildkit.config.json': JSON.stringify(config),
    api: { Dockerfile: dockerfile, 'main.sh': main, src: { a: 'one' }, conf: { c: 'c' } },
    idle: { Dockerfile: 'FROM scratch\nCOPY f /f\n', f: 'f' },
  };
}

test('a container runs what was built, as the image says, and is started anew when that changes', async () => {
  await using rig = await Rig.open(project({ environment: { MORE: 'x' } }));
  await using end = new AsyncDisposableStack();
  const watching = end.use(new Watching(rig, ['all', '--up']));
  await watching.hearsAll('api | started as 1234 in /app with me: one\n', ' in 2 images\n');
  rig.put('api/src/a', 'two');
  const told = await watching.hearsAll('api | started as 1234 in /app with me: two\n', 'api  restarted\n');
  assert.match(told, /api\/src\/a → api\n[^]*✔ api [^]*api \| bye\n/);
  // What was built anew and came out as it was is not started again.
  rig.put('api/src/a', 'two');
  await watching.hears('= api');
  rig.put('idle/f', 'g');
  const other = await watching.hears('idle  has neither an entrypoint nor a command: nothing is started\n');
  assert.ok(!other.includes('bye'), other);
  // Said by the config, it runs in another way.
  rig.put(
    'buildkit.config.json',
    readFileSync(rig.path('buildkit.config.json'), 'utf8').replace(
      '"environment":{"MORE":"x"}',
      '"environment":{"WHO":"you"}',
    ),
  );
  await watching.hearsAll('with you: two\n', 'api  restarted\n');
  await end.disposeAsync();
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('files are put into what runs, and the image is right the next time it is built', { skip: chrooted }, async () => {
  const actions = [
    { action: 'sync', path: 'api/src', ignore: ['*.log'], initialSync: true },
    { action: 'sync+restart', path: 'api/main.sh', target: '/main.sh' },
    {
      action: 'sync+exec',
      path: 'api/conf',
      target: '/etc/conf/',
      exec: { command: 'sh -c "id -u; ls -ln /etc/conf; find /app/src -type f -exec cat {} +; echo"' },
    },
    { action: 'restart', path: 'api/poke' },
  ];
  await using rig = await Rig.open(project({ actions }));
  await using watching = new Watching(rig, ['api', '--up']);
  await watching.hearsAll('with me: one\n', ' in 1 image\n');
  await rig.write({ 'api/src/b.log': 'ignored', '../deep/er': 'er' });
  renameSync(rig.path('../deep'), rig.path('api/src/deep'));
  await watching.hears('synced\n');
  rig.put('api/src/a', 'synced');
  await watching.hears('api/src/a → api:/app/src/a  synced\n');
  rig.put('api/conf/c', 'd');
  const told = await watching.hears(': ended with ');
  assert.match(told, /api \| 1234\n/);
  assert.match(told, /api \| -rw-r--r-- +1 1234 +1234 +1 .* c\n/);
  assert.match(told, /api \| synced/);
  assert.ok(!told.includes('✔ api'), told);
  rmSync(rig.path('api/src/a'));
  await watching.hears('api/src/a → api:/app/src/a  synced\n');
  rig.put('api/conf/c', 'gone');
  assert.ok(!(await watching.hears(': ended with ')).includes('api | synced'));
  rig.put('api/main.sh', main.replaceAll('started', 'begun'));
  const restarted = await watching.hearsAll('api | begun', '/main.sh  synced, restarted\n');
  assert.ok(restarted.includes('api | bye') && !restarted.includes('ended with'), restarted);
  rig.put('api/poke', '');
  const last = await watching.hearsAll('api | begun', 'api  restarted\n');
  assert.ok(!last.includes('✔ api'), last);
  await rig.ok(['build', 'api', '--set', 'api.output=type=local,dest=../out']);
  assert.deepEqual(readdirSync(rig.path('../out/app/src'), { recursive: true }).sort(), ['b.log', 'deep', 'deep/er']);
  assert.match(readFileSync(rig.path('../out/main.sh'), 'utf8'), /begun/);
});

test('a link in a container leads no file out of it', { skip: chrooted }, async () => {
  await using rig = await Rig.open();
  const outside = rig.path('../outside');
  mkdirSync(outside);
  writeFileSync(`${outside}/kept`, 'kept');
  const trap = `ln -s ${outside} /in/trap; mkdir -p ${outside}; echo set; sleep 1000`;
  const actions = [{ action: 'sync+exec', path: 'src', target: '/in/trap', exec: { command: `cat ${outside}/kept` } }];
  await rig.write({
    'buildkit.config.json': JSON.stringify({
      defaults: { contexts },
      images: { api: { watch: { actions, stopSignal: 'KILL', command: ['sh', '-c', trap] } } },
    }),
    Dockerfile: 'FROM busybox\nRUN mkdir /in\n',
    src: { kept: 'k' },
  });
  await using watching = new Watching(rig, ['api', '--up']);
  await watching.hearsAll('api | set\n', 'watching');
  rig.put('src/kept', 'written');
  await watching.hears('api | written\n');
  rmSync(rig.path('src'), { recursive: true });
  await watching.hears('synced\n');
  assert.equal(readFileSync(`${outside}/kept`, 'utf8'), 'kept');
});

test('a target that nobody can tell is refused at its place', async () => {
  const refused = async (path: string, dockerfile: string): Promise<string> => {
    await using rig = await Rig.open({
      'buildkit.config.json': JSON.stringify({
        defaults: { contexts },
        images: { api: { watch: { actions: [{ action: 'sync', path }] } } },
      }),
      Dockerfile: dockerfile,
      src: { a: 'a' },
    });
    const { code, stderr } = await rig.cli(['watch', 'api', '--up']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /give the action a target/);
    return stderr;
  };
  assert.match(
    await refused('src', 'FROM busybox\nCOPY src /a/\nCOPY src /b/\nCMD true\n'),
    /Dockerfile:2: watch\.actions\[0\] of api syncs src, which is copied to \/b and to \/a\n/,
  );
  assert.match(
    await refused('src', 'FROM busybox AS build\nCOPY src /s\nFROM busybox\nCOPY --from=build /s /s\nCMD true\n'),
    /api syncs src, which is not copied by a step of its own stage\n/,
  );
});

test('killed, a watch leaves nothing that the next command does not clean up', async () => {
  await using rig = await Rig.open(project({}));
  const { child, told, done } = rig.start(['watch', 'api', '--up']);
  await told('api  started\n');
  // Mounts of the killed one may be those of a namespace that went with it; these are the machine's.
  const mounts = () =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(rig.cacheDir));
  child.kill('SIGKILL');
  await done;
  await rig.ok(['build', 'idle']);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  assert.deepEqual(mounts(), []);
  assert.deepEqual(processesWith(rig.cacheDir), []);
});

test(
  'services of a compose file run as they say, with the actions of their develop.watch',
  { skip: chrooted },
  async () => {
    await using rig = await Rig.open({
      'compose.yaml': `
services:
  web:
    build: ./web
    command: ["sh", "-c", 'echo "$$WHO: $$(cat /site/page)"; exec sleep 1000']
    environment: [WHO=web]
    stop_signal: SIGKILL
    cpus: 2
    ports: ['8080:8080', '8081:80/udp']
    develop:
      watch:
        - { action: sync+restart, path: ./web/site, target: /site, ignore: [node_modules/] }
        - { action: rebuild, path: ./web/package.json }
`,
      web: {
        Dockerfile: 'FROM busybox\nCOPY . /site/\nRUN mv /site/site/* /site/\n',
        site: { page: 'first' },
        'package.json': '{}',
      },
    });
    const args = ['web', '--set', `web.contexts.busybox=oci-layout://${busyboxLayout()}`];
    await using watching = new Watching(rig, [...args, '--up']);
    await watching.hears('web: its container here does without cpus, port 8081:80/udp\n');
    await watching.hearsAll('web | web: first\n', 'watching');
    rig.put('web/site/page', 'second');
    await watching.hears('web | web: second\n');
    rig.put('web/package.json', '{ }');
    await watching.hears(' web  web/package.json → ');
  },
);

test('what a compose file has wrong in develop.watch is told to who watches, and to nobody who builds', async () => {
  await using rig = await Rig.open({
    'compose.yaml':
      'services:\n  web:\n    build: .\n    develop:\n      watch:\n        - action: sinc\n          path: .\n',
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /d\n',
  });
  await rig.ok(['build', 'web']);
  const { code, stderr } = await rig.cli(['watch', 'web']);
  assert.deepEqual([code, /compose\.yaml:6:\d+: web: .*"sinc".*/.test(stderr)], [2, true], stderr);
});

test('without --up it is said that a change builds the image', async () => {
  await using rig = await Rig.open(project({ actions: [{ action: 'sync', path: 'api/src' }] }));
  symlinkSync('a', rig.path('api/src/link'));
  await using watching = new Watching(rig, ['api']);
  await watching.hears('api: actions that put files into containers need --up');
  await watching.hears('watching');
  rig.put('api/src/a', 'two');
  await watching.hears(' api  api/src/a → ');
});
