// Processes that are talked to while they run: what they read, signals, terminals, and more than one in a container.

import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { after, test } from 'node:test';
import type { Process, ProcessIo, RunningProcess } from '../../packages/engine/src/executor/executor.ts';
import { hostPlatform } from '../../packages/engine/src/oci/platform.ts';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import { chrooted } from '../rig/chrooted.ts';
import { openContainerRig, plainProcess } from '../rig/container.ts';

const rig = await openContainerRig();
after(() => rig[Symbol.asyncDispose]());

const sh = (script: string): Process => ({ ...plainProcess, args: ['/bin/sh', '-c', script] });

/** A process, and all that is heard of it. */
function listen(io: Partial<ProcessIo> = {}) {
  const { promise: running, resolve: ran } = Promise.withResolvers<RunningProcess>();
  const heard = { stdout: '', stderr: '' };
  const waiting: (() => void)[] = [];
  const hear = (stream: 'stdout' | 'stderr') => (data: Uint8Array) => {
    heard[stream] += Buffer.from(data).toString();
    for (const look of waiting) look();
  };
  const all: ProcessIo = {
    signal: new AbortController().signal,
    stdout: hear('stdout'),
    stderr: hear('stderr'),
    running: ran,
    ...io,
  };
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => heard.stdout.includes(text) && resolve();
      waiting.push(look);
      look();
    });
  return { io: all, heard, running, said };
}

const container = () => ({ root: rig.layer().root, mounts: [], platform: hostPlatform() });

test('a process reads what is given to it, to the end', async () => {
  const { io, heard } = listen({ stdin: Readable.from([Buffer.alloc(300_000, 'x'), Buffer.from('end')]) });
  await rig.executor.run(sh('wc -c; cat /dev/stdin; readlink /proc/self/fd/0 | head -c 5 >&2'), container(), io);
  assert.equal(heard.stdout.trim(), '300003');
  assert.equal(heard.stderr, 'pipe:');
});

test('what a process does not read keeps it from nothing', async () => {
  const { io } = listen({ stdin: Readable.from([Buffer.alloc(1_000_000)]) });
  await rig.executor.run(sh('true'), container(), io);
});

test('signals reach the process', async () => {
  const { io, heard, running, said } = listen();
  const script = 'trap "echo got hup; exit 3" HUP; echo ready; while true; do sleep 1 & wait; done';
  const ended = rig.executor.run(sh(script), container(), io);
  const process = await running;
  await said('ready');
  process.signal('SIGHUP');
  await assert.rejects(ended, (error) => failedOf(error, 'process-exit') !== undefined);
  assert.match(heard.stdout, /got hup/);
  process.signal('SIGHUP'); // it is gone: nothing happens
});

test('more processes run beside the first one and see what it sees', { skip: chrooted }, async () => {
  const stdin = new PassThrough();
  const first = listen({ stdin });
  const ended = rig.executor.run(sh('echo one > /tmp/file; echo ready; cat; cat /tmp/other'), container(), first.io);
  const { exec } = await first.running;
  await first.said('ready');
  const second = listen();
  await exec({ ...sh('cat /tmp/file; echo $NAME; id -u'), env: ['NAME=x'], user: 'www' }, second.io);
  assert.equal(second.heard.stdout, 'one\nx\n33\n');
  const third = listen({ stdin: Readable.from(['two']) });
  await exec({ ...sh('cat > /tmp/other; pwd'), cwd: '/etc' }, third.io);
  assert.equal(third.heard.stdout, '/etc\n');
  await assert.rejects(exec(sh('exit 7'), listen().io), /exit code: 7/);
  await assert.rejects(exec({ ...sh(''), args: ['no-such'] }, listen().io), /no-such/);
  stdin.end();
  await ended;
  assert.match(first.heard.stdout, /two$/);
});

test('one that is given up is killed, and the first one is not', { skip: chrooted }, async () => {
  const stdin = new PassThrough();
  const first = listen({ stdin });
  const ended = rig.executor.run(sh('echo ready; cat'), container(), first.io);
  const { exec } = await first.running;
  const stop = new AbortController();
  const second = listen({ signal: stop.signal });
  const other = exec(sh('echo on; sleep 1000'), second.io);
  await second.said('on');
  const reason = new Error('enough');
  stop.abort(reason);
  await assert.rejects(other, (error) => error === reason);
  stdin.end('still here');
  await ended;
  assert.match(first.heard.stdout, /still here$/);
});

test('all processes end with the first one', { skip: chrooted }, async () => {
  const stdin = new PassThrough();
  const first = listen({ stdin });
  const ended = rig.executor.run(sh('echo ready; cat'), container(), first.io);
  const { exec } = await first.running;
  const second = listen();
  const other = exec(sh('echo on; sleep 1000'), second.io);
  other.catch(() => undefined);
  await second.said('on');
  stdin.end();
  await ended;
  await assert.rejects(other, /exit code: 137/);
});

test('a terminal has a size, echoes, and is one for the process', async () => {
  const stdin = new PassThrough();
  const { io, heard, running, said } = listen({ stdin, terminal: { rows: 24, cols: 80 } });
  const ended = rig.executor.run(
    sh(
      `test -t 2; sized() { test "$(stty size 2>/dev/null)" = "$1"; }
       until sized '24 80'; do :; done; echo sized; until sized '11 22'; do :; done; read line; echo "<$line>"`,
    ),
    container(),
    io,
  );
  const process = await running;
  await said('sized');
  process.resize({ rows: 11, cols: 22 });
  stdin.write('hello\n');
  await ended;
  assert.match(heard.stdout, /^sized\r\n/);
  assert.match(heard.stdout, /hello\r\n<hello>\r\n/);
});

test('nothing of it is left', async () => {
  await rig.executor.run(sh('true'), container(), listen().io);
  await rig.executor[Symbol.asyncDispose]();
  assert.deepEqual(rig.left(), []);
});
