// Containers that frontends start: what is mounted in them, and how they are talked to.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chrooted } from '../rig/chrooted.ts';
import { openFrontendRig, type FrontendRig } from '../rig/frontend.ts';

let rig: FrontendRig;
before(async () => {
  rig = await openFrontendRig();
});
after(() => rig[Symbol.asyncDispose]());

test('processes of a container see its mounts, and what each other writes', { skip: chrooted }, async () => {
  const told = await rig.ask(
    async (client, { llb }) => {
      const root = await client.solve(llb.image('busybox'));
      const files = await client.solve(llb.scratch().mkdir('/sub').mkfile('/sub/file', 'a file'));
      await using container = await client.container({
        mounts: [
          { kind: 'bind', target: '/', from: root },
          { kind: 'bind', target: '/files', from: files, selector: '/sub', readonly: true },
          { kind: 'bind', target: '/empty' },
          { kind: 'tmpfs', target: '/memory' },
          { kind: 'cache', target: '/cache', id: 'of a frontend' },
          { kind: 'secret', target: '/secret', id: 'token' },
          { kind: 'secret', target: '/none', id: 'absent', optional: true },
        ],
        hostname: 'box',
        extraHosts: [{ host: 'other', ip: '10.1.2.3' }],
      });
      const first = await container.start({
        args: ['sh', '-c', 'echo one > /empty/one; cat'],
        stdin: until(() => done),
      });
      let release: () => void;
      const done = new Promise<void>((resolve) => (release = resolve));
      const sh = async (script: string, more = {}) =>
        (await container.run({ args: ['sh', '-c', script], ...more })).stdout.trimEnd().split('\n');
      const answer = {
        files: await sh('cat /files/file; echo; touch /files/x 2>&1 || echo read-only'),
        shared: await sh('cat /empty/one; echo two > /two; mount | grep -c " /memory type tmpfs"'),
        secret: await sh('cat /secret; echo; test -e /none || echo no'),
        names: await sh('hostname; grep -c "10.1.2.3.*other" /etc/hosts'),
        env: await sh('echo $A $B; pwd; id -u', {
          env: ['A=1'],
          secretEnv: [{ id: 'token', name: 'B', optional: false }],
          cwd: '/tmp',
          user: '33:44',
        }),
        read: Buffer.from(await container.readFile('/two')).toString(),
        other: Buffer.from(await container.readFile('one', { mount: 2 })).toString(),
        size: (await container.stat('/two')).size,
        names2: (await container.readDir('/', { mount: 2 })).map(({ name }) => name),
        unreadable: await container.readFile('x', { mount: 3 }).then(String, (error: Error) => error.message),
        none: await container.readFile('x', { mount: 9 }).then(String, (error: Error) => error.message),
      };
      release!();
      await first.ended;
      const late = await container.run({ args: ['true'] }).then(String, (error: Error) => error.message);
      return { ...answer, late, unchanged: await root.stat('/two').then(String, () => 'not there') };

      async function* until(when: () => Promise<void>) {
        yield Buffer.from('waiting');
        await when();
      }
    },
    { secrets: { token: 'a secret' } },
  );
  const { unreadable, none, late, ...rest } = told;
  assert.deepEqual(rest, {
    files: ['a file', 'touch: /files/x: Read-only file system', 'read-only'],
    shared: ['one', '1'],
    secret: ['a secret', 'no'],
    names: ['box', '1'],
    env: ['1 a secret', '/tmp', '33'],
    read: 'two\n',
    other: 'one\n',
    size: 4,
    names2: ['one'],
    unchanged: 'not there',
  });
  assert.match(unreadable, /the tmpfs mount \/memory of container .* cannot be read/);
  assert.match(none, /has 7 mounts: none has the index 9/);
  assert.match(late, /has ended: its first process is over/);
});

test('a process reads what it is sent, and tells how it exited', async () => {
  const told = await rig.ask(async (client, { llb, ProcessExit }) => {
    const root = await client.solve(llb.image('busybox'));
    const container = () => client.container({ mounts: [{ kind: 'bind', target: '/', from: root }] });
    const code = (error: unknown) => (error instanceof ProcessExit ? error.code : String(error));
    await using one = await container();
    const big = (async function* () {
      for (let i = 0; i < 64; i++) yield Buffer.alloc(32 << 10, 'x');
    })();
    const counted = await one.run({ args: ['sh', '-c', 'wc -c; echo err >&2'], stdin: big });
    await using two = await container();
    await using three = await container();
    await using four = await container();
    const killed = await four.start({ args: ['sleep', '1000'] });
    killed.signal('KILL');
    return {
      counted,
      exit: await two.run({ args: ['sh', '-c', 'exit 42'] }).then(String, code),
      missing: await three.run({ args: ['no-such-program'] }).then(String, (error: Error) => error.message),
      killed: await killed.ended.then(String, code),
    };
  });
  assert.deepEqual(told.counted, { stdout: `${64 * (32 << 10)}\n`, stderr: 'err\n' });
  assert.equal(told.exit, 42);
  assert.match(told.missing, /no-such-program/);
  assert.equal(told.killed, 137);
});

test('signals and a terminal', async () => {
  const told = await rig.ask(async (client, { llb }) => {
    const root = await client.solve(llb.image('busybox'));
    await using container = await client.container({ mounts: [{ kind: 'bind', target: '/', from: root }] });
    let said = '';
    let look = () => {};
    const hears = (text: string) =>
      new Promise<void>((resolve) => {
        look = () => said.includes(text) && resolve();
        look();
      });
    const script = `trap 'echo got term; exit 0' TERM
      until [ "$(stty size 2>/dev/null)" = '24 80' ]; do :; done; echo "$TERM"; until [ "$(stty size)" = '11 22' ]; do :; done; echo resized
      while :; do sleep 1 & wait; done`;
    const stdout = (data: Uint8Array) => {
      said += Buffer.from(data).toString();
      look();
    };
    const process = await container.start({
      args: ['sh', '-c', script],
      tty: true,
      stdin: (async function* () {})(),
      stdout,
    });
    await hears('xterm');
    process.resize({ rows: 11, cols: 22 });
    await hears('resized');
    process.signal('SIGTERM');
    await process.ended;
    return said.split('\r\n');
  });
  assert.deepEqual(told, ['xterm', 'resized', 'got term', '']);
});

test('a container that is released ends what runs in it', async () => {
  const told = await rig.ask(async (client, { llb }) => {
    const root = await client.solve(llb.image('busybox'));
    const container = await client.container({ mounts: [{ kind: 'bind', target: '/', from: root }] });
    const process = await container.start({ args: ['sleep', '1000'] });
    const ended = process.ended.then(String, (error: Error) => error.message);
    await container[Symbol.asyncDispose]();
    const again = await container.run({ args: ['true'] }).then(String, (error: Error) => error.message);
    return { ended: await ended, again };
  });
  assert.match(told.ended, /was released/);
  assert.match(told.again, /previously released or not created/);
});

test('containers that a frontend leaves behind end with it', async () => {
  await rig.ask(async (client, { llb }) => {
    const root = await client.solve(llb.image('busybox'));
    const container = await client.container({ mounts: [{ kind: 'bind', target: '/', from: root }] });
    await container.start({ args: ['sleep', '1000'] });
  });
});

test('what a container holds is read below its root, whatever its links say', async () => {
  const told = await rig.ask(async (client, { llb }) => {
    const root = await client.solve(llb.image('busybox'));
    await using container = await client.container({ mounts: [{ kind: 'bind', target: '/', from: root }] });
    const script = `mkdir /d; echo inside > /d/file; ln -s / /d/up; ln -s ../../../../../../d/file /link
      ln -s /proc/self/root/etc/hostname /magic; mkfifo /pipe; ln -s loop /loop`;
    await container.run({ args: ['sh', '-c', script] });
    const read = (path: string) =>
      container.readFile(path).then(
        (data) => Buffer.from(data).toString(),
        (error: Error) => error.message,
      );
    const paths = ['/link', '/d/up/d/up/d/file', '../../../d/file', '/magic', '/pipe', '/loop', '/d', '/d/file/x'];
    return {
      read: await Promise.all(paths.map(read)),
      names: (await container.readDir('/d/up/d')).map(({ name, kind, target }) => `${name} ${kind} ${target}`),
      some: (await container.readDir('/', { pattern: 'p*' })).map(({ name }) => name),
      stat: (await container.stat('/link')).kind,
    };
  });
  assert.deepEqual(told, {
    read: [
      'inside\n',
      'inside\n',
      'inside\n',
      'open /magic: no such file or directory',
      '/pipe is not a regular file',
      'open /loop: too many links',
      '/d is not a regular file',
      '/d/file/x is not a directory',
    ],
    names: ['file file ', 'up symlink /'],
    some: ['pipe', 'proc'],
    stat: 'file',
  });
});

test('a container needs a root', async () => {
  const message = await rig.ask(async (client) =>
    client.container({ mounts: [{ kind: 'tmpfs', target: '/tmp' }] }).then(String, (error: Error) => error.message),
  );
  assert.match(message, /has no root filesystem: one of its mounts has to be at \//);
});
