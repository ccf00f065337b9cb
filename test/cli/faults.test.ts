// Whatever kills a build: the next one is right, and nothing is left over.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { patience, Rig } from '../rig/rig.ts';

/** Processes whose command line holds `text`. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(text);
    } catch {
      return false; // it has ended
    }
  });
}

/** Asks until it holds: the kernel and a watchdog need a moment. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end;) {
    if (holds()) return;
    await wait(2);
  }
  assert.fail(`still not: ${what}`);
}

/** What a build leaves only while it runs. */
function leftovers(cacheDir: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(cacheDir));
  const running = existsSync(join(cacheDir, 'run')) ? readdirSync(join(cacheDir, 'run')) : [];
  return [...mounts, ...running];
}

test('a container dies with its build, and the next build cleans up and is right', async () => {
  // A number nobody else sleeps for.
  const seconds = String(100_000 + process.pid);
  await using rig = await Rig.open({
    Dockerfile: `FROM busybox\nRUN echo kept > /kept\nRUN echo begun && sleep ${seconds}\n`,
  });
  const build = rig.start(['build', '--progress', 'plain', ...rig.busybox, '.']);
  await build.told('begun');
  build.child.kill('SIGKILL');
  await build.done;
  await until('the container ended', () => processesWith(seconds).length === 0);

  await rig.write({ Dockerfile: 'FROM busybox\nRUN echo kept > /kept\nRUN cat /kept\n' });
  const next = await rig.ok(['build', '--progress', 'plain', '-o', 'type=local,dest=out', ...rig.busybox, '.']);
  assert.match(next.stderr, /1 cached|2 cached/);
  assert.equal(readFileSync(rig.path('out/kept'), 'utf8'), 'kept\n');
  assert.deepEqual(leftovers(rig.cacheDir), []);
});

test('Ctrl-C ends the container, tells so, and exits with 130', async () => {
  const seconds = String(200_000 + process.pid);
  await using rig = await Rig.open({ Dockerfile: `FROM busybox\nRUN echo begun && sleep ${seconds}\n` });
  const build = rig.start(['build', '--progress', 'plain', ...rig.busybox, '.']);
  await build.told('begun');
  build.child.kill('SIGINT');
  const { code } = await build.done;
  assert.equal(code, 130);
  assert.deepEqual(processesWith(seconds), []);
  assert.deepEqual(leftovers(rig.cacheDir), []);
});

test('killed while a layer is written, the next export is whole', async () => {
  const big = randomBytes(48 << 20); // takes a second or more to compress
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY big /\n', big });
  const output = ['-o', 'type=oci,dest=app.tar', '.'];
  utimesSync(rig.path('big'), 1_700_000_000, 1_700_000_000);
  const build = rig.start(['build', '--progress', 'plain', ...output]);
  await build.told('COPY big /');
  // The copy is told before the layer is packed; any moment from here on is a good one to die.
  const ingesting = join(rig.cacheDir, 'content/ingest');
  await until('bytes were written', () => existsSync(ingesting) && readdirSync(ingesting).length > 0);
  build.child.kill('SIGKILL');
  await build.done;
  assert.equal(existsSync(rig.path('app.tar')), false);
  const { stdout } = await rig.ok(['build', '-q', ...output]);
  await using fresh = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY big /\n', big });
  utimesSync(fresh.path('big'), 1_700_000_000, 1_700_000_000);
  assert.equal(stdout.split('\t')[1], (await fresh.ok(['build', '-q', ...output])).stdout.split('\t')[1]);
});
