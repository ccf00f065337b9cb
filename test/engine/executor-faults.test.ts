import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanDead, leasesIn } from '../../packages/engine/src/executor/dead.ts';
import { aliveOf, leftOf, messageOf, openContainerRig } from '../rig/container.ts';

test('an aborted container is gone when the run rejects, with the reason it was aborted for', async () => {
  await using rig = await openContainerRig();
  const stop = new AbortController();
  const reason = new Error('never mind');
  const ran = await rig.run('trap "" TERM INT; (sleep 1000 &); echo up; while :; do sleep 1000; done', {
    signal: stop.signal,
    onOutput: () => stop.abort(reason),
  });
  assert.equal(ran.error, reason);
  assert.deepEqual(running(rig), []);
  assert.deepEqual(readdirSync(join(rig.runFolder, rig.leaseId, 'state')), []);
});

test('a container can be aborted at any moment of its start', async () => {
  await using rig = await openContainerRig();
  for (const delay of [0, 1, 3, 6, 10, 15, 20, 25, 30, 40, 50, 60, 80]) {
    const stop = new AbortController();
    const run = rig.run('sleep 1000', { signal: stop.signal });
    await sleep(delay);
    stop.abort(delay);
    const ran = await run;
    assert.equal(ran.error, delay);
    // What the runtime says of a container that was killed under its hands is nothing that the process wrote.
    assert.equal(ran.stderr, '');
    assert.deepEqual(running(rig), [], `aborted after ${delay} ms`);
  }
  assert.deepEqual(readdirSync(join(rig.runFolder, rig.leaseId)).sort(), ['hosts', 'resolv.conf', 'state']);
});

test('closing the executor kills what runs and leaves nothing', async () => {
  const rig = await openContainerRig();
  const ran = await rig.run('echo up; sleep 1000', { onOutput: () => void rig.executor[Symbol.asyncDispose]() });
  assert.match(String(ran.error), /the executor was closed/);
  await rig.executor[Symbol.asyncDispose]();
  assert.deepEqual(rig.left(), []);
  await rig[Symbol.asyncDispose]();
});

test('a runtime that is killed takes its container with it', async () => {
  await using rig = await openContainerRig();
  const ran = await rig.run('echo up; sleep 1000', {
    onOutput: () => process.kill(processesWith(join(rig.runFolder, rig.leaseId, 'state'))[0]!, 'SIGKILL'),
  });
  assert.match(messageOf(ran), /did not complete successfully: the container's runtime was killed by SIGKILL$/);
  assert.deepEqual(running(rig), []);
});

test('when an engine is killed its container dies at once', async () => {
  const owner = await startOwner();
  owner.process.kill('SIGKILL');
  await until(() => aliveOf(owner).length === 0);
  await owner.remove();
});

test('what a killed engine and its watchdog leave, the next engine cleans up', async () => {
  const owner = await startOwner();
  for (const pid of childrenOf(owner.process.pid!).filter((pid) => commandOf(pid).startsWith('/bin/sh -c'))) {
    process.kill(pid, 'SIGKILL');
  }
  owner.process.kill('SIGKILL');
  await owner.ended;
  assert.notDeepEqual(aliveOf(owner), []);
  assert.deepEqual(leasesIn(owner.runFolder), [owner.leaseId]);
  await Promise.all([cleanDead(owner.runFolder, [owner.leaseId]), cleanDead(owner.runFolder, [owner.leaseId])]);
  assert.deepEqual(leftOf(owner), []);
  await owner.remove();
});

test('in a mount namespace of its own it does, too', async () => {
  const owner = await startOwner({ launcher: ['unshare', '-m', '--propagation', 'slave'] });
  owner.process.kill('SIGKILL');
  await until(() => aliveOf(owner).length === 0);
  await owner.remove();
});

test('where cgroups may not be written, containers run without, and die all the same', async () => {
  const readonly =
    'for g in $(grep " cgroup2* " /proc/self/mounts | cut -d" " -f2); do mount -o remount,bind,ro $g; done';
  const launcher = ['unshare', '-m', 'sh', '-c', `${readonly}; exec "$@"`, 'sh'];
  const well = await startOwner({ launcher, script: 'exit 7' });
  assert.match(await well.ended, /did not complete successfully: exit code: 7"/);
  const owner = await startOwner({ launcher });
  owner.process.kill('SIGKILL');
  await until(() => aliveOf(owner).length === 0);
  await owner.remove();
});

interface Owner {
  readonly process: ChildProcess;
  readonly runFolder: string;
  readonly leaseId: string;
  readonly folder: string;
  /** A folder that is mounted into the container. */
  readonly outside: string;
  /** Resolves with its last line. */
  readonly ended: Promise<string>;
  /** Cleans up after it as the next engine does; `precious` in the folder outside must survive. */
  remove(): Promise<void>;
}

/** Starts another engine, and waits until its container is up. */
async function startOwner({
  launcher = [],
  script = 'sleep 1000',
}: { readonly launcher?: readonly string[]; readonly script?: string } = {}): Promise<Owner> {
  const program = join(import.meta.dirname, '../rig/container-owner.ts');
  const [command = '', ...args] = [...launcher, process.execPath, program, script];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const up = Promise.withResolvers<string>();
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    up.resolve(line);
  });
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(lines.at(-1) ?? '')));
  void ended.then(() => up.reject(new Error('it ended before its container was up')));
  const where = JSON.parse(await up.promise) as Pick<Owner, 'runFolder' | 'leaseId' | 'folder' | 'outside'>;
  return {
    process: child,
    ...where,
    ended,
    remove: async () => {
      await cleanDead(where.runFolder, [where.leaseId]);
      // The dead engine's watchdog may be at the same work still.
      await until(() => leftOf(where).length === 0);
      assert.deepEqual(readdirSync(where.outside), ['precious']);
      rmSync(where.folder, { recursive: true });
    },
  };
}

/** Of a lease whose owner lives: what its containers have left. */
function running(rig: { readonly runFolder: string; readonly leaseId: string }): string[] {
  // The lease's own group.
  return aliveOf(rig).filter((text) => !text.endsWith(`/${rig.leaseId}`));
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !condition(); await sleep(5)) {
    if (performance.now() > end) assert.fail('it did not come about');
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const processes = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
const processesWith = (text: string) => processes().filter((pid) => commandOf(pid).includes(text));
const childrenOf = (parent: number) =>
  processes().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1] === String(parent);
    } catch {
      return false;
    }
  });
