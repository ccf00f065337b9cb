// kill -9 at many moments of builds of many small steps: what comes after is right, and as small as if nothing had been.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { groupsOf, leasesIn, leftOf, processesWith } from '../rig/left.ts';
import { patience, Rig } from '../rig/rig.ts';

const count = 24;

/** Steps that each leave a line, by turns in a container and without one. */
function steps(): string {
  const lines = Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? `RUN echo ${i} >> /steps` : `COPY small /copied/${i}`,
  );
  return ['FROM busybox', ...lines, ''].join('\n');
}

/** What is told when a step begins. */
const begun = (step: number) => `[${String(step).padStart(2)}/${count + 1}]`;

interface Row {
  readonly description: string;
  readonly size: number;
}

async function usage(rig: Rig): Promise<readonly Row[]> {
  return JSON.parse((await rig.ok(['du', '--json'])).stdout) as Row[];
}

/** A dead build's watchdog ends its containers and then itself; that takes a moment. */
async function gone(text: string): Promise<void> {
  for (const end = Date.now() + patience; processesWith(text).length > 0;) {
    if (Date.now() > end) assert.fail(processesWith(text).join('\n'));
    await wait(10);
  }
}

test('killed at ten moments, a build goes on where it was, ends right, and leaves nothing', async () => {
  const files = { Dockerfile: steps(), small: { a: 'a'.repeat(5000), b: 'b' } };
  await using rig = await Rig.open(files);
  const output = `type=oci,tar=false,dest=${rig.path('../image')},name=app:v1`;
  const build = ['build', '--progress', 'plain', ...rig.busybox, '-o', output, '.'];
  // A step that is told has just begun, and the one before it is being written down.
  const moments = [1, 2, 3, 6, 7, 10, 13, 16, 21, count].map(begun);
  const leases: string[] = [];
  let groups = 0;
  for (const moment of moments) {
    const { child, told, done } = rig.start(build);
    await told(moment);
    child.kill('SIGKILL');
    leases.push(...leasesIn(rig.cacheDir));
    groups += groupsOf(leases).length;
    await done;
    await gone(rig.cacheDir);
  }
  await rig.ok(build);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  assert.ok(leases.length > 0 && groups > 0, `${leases.length} leases and ${groups} cgroups were seen`);
  assert.deepEqual(groupsOf(leases), []);

  await rig.ok(['build', ...rig.busybox, '-o', 'type=local,dest=../out', '.']);
  const even = Array.from({ length: count / 2 }, (_, i) => `${2 * i}\n`).join('');
  assert.equal(readFileSync(rig.path('../out/steps'), 'utf8'), even);
  for (let i = 1; i < count; i += 2) assert.deepEqual(readdirSync(rig.path(`../out/copied/${i}`)), ['a', 'b']);

  // As one who was never killed, but for results whose keys the kill forestalled: those were made twice, whole both times.
  await using fresh = await Rig.open(files);
  await fresh.ok(build.map((arg) => arg.replaceAll(rig.root, fresh.root)));
  const sorted = (rows: readonly Row[]) => rows.map(({ description }) => description).sort();
  const [rows, freshRows] = [sorted(await usage(rig)), sorted(await usage(fresh))];
  assert.deepEqual([...new Set(rows)], freshRows);
  assert.ok(rows.length <= freshRows.length + moments.length, rows.join('\n'));
  const layers = () => readdirSync(join(rig.cacheDir, 'layers')).filter((name) => /^[0-9a-z]{12}$/.test(name)).length;
  assert.equal(layers(), rows.length);
  await rig.ok(['prune', '--all']);
  assert.equal(layers(), 0);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test("a build that waits for another one's step does it itself when that one is killed", async () => {
  const seconds = String(300_000 + process.pid);
  await using rig = await Rig.open({
    Dockerfile: `
FROM busybox
RUN --mount=type=cache,id=turn,target=/turn \\
  if [ -e /turn/taken ]; then echo second > /who; else touch /turn/taken; echo begun; sleep ${seconds}; fi
`,
  });
  const build = ['build', '--progress', 'plain', ...rig.busybox, '-o', 'type=local,dest=out', '.'];
  const first = rig.start(build);
  await first.told('begun\n');
  const second = rig.start(build);
  await second.told('waiting for another build');
  first.child.kill('SIGKILL');
  const { code, stderr } = await second.done;
  await first.done;
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(rig.path('out/who'), 'utf8'), 'second\n');
  await gone(rig.cacheDir);
  // Whoever opens the cache next cleans up what the killed one left.
  await rig.ok(['du']);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('of two builds at once one is killed over and over; the other is right', async () => {
  await using rig = await Rig.open({ Dockerfile: steps(), small: { a: 'a', b: 'b' } });
  const build = ['build', '--progress', 'plain', ...rig.busybox];
  const lasting = rig.start([...build, '-o', 'type=local,dest=../out', '.']);
  for (const moment of ['#2', begun(5), begun(12)]) {
    const { child, told, done } = rig.start([...build, '.']);
    await told(moment).catch(() => undefined);
    child.kill('SIGKILL');
    await done;
  }
  const { code, stderr } = await lasting.done;
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(rig.path(`../out/copied/${count - 1}/a`)), true);
  await gone(rig.cacheDir);
  await rig.ok(['du']);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('twelve processes open a new cache at once', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nARG N\nRUN echo $N > /n\n' });
  await Promise.all(
    Array.from({ length: 12 }, (_, n) => rig.ok(['build', ...rig.busybox, '--build-arg', `N=${n % 3}`, '.'])),
  );
  assert.deepEqual(leftOf(rig.cacheDir), []);
});
