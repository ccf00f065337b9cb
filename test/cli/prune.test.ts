// What is in use stays, whoever prunes; what du says is about what there is.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { leftOf } from '../rig/left.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

interface Row {
  readonly id: string;
  readonly description: string;
  readonly size: number;
  readonly inUse: boolean;
  readonly recordType: string;
}

async function usage(rig: Rig): Promise<readonly Row[]> {
  return JSON.parse((await rig.ok(['du', '--json'])).stdout) as Row[];
}

/** What a folder takes on disk, in bytes. */
async function onDisk(folder: string): Promise<number> {
  return Number((await program('du', ['-s', '--block-size=1', folder])).split('\t')[0]);
}

test('pruning during a build takes nothing that it uses, neither trees nor cache mounts', async () => {
  await using rig = await Rig.open({
    idle: { Dockerfile: 'FROM busybox\nRUN echo idle > /idle\n' },
    busy: {
      Dockerfile: `
FROM busybox AS one
RUN echo one > /one
FROM busybox AS two
COPY go /go
RUN --mount=type=cache,id=notes,target=/notes --mount=from=one,target=/from-one \\
  echo kept > /notes/kept; echo begun; until [ -e /signal/go ]; do sleep 0.05; done; cat /notes/kept /from-one/one > /seen
FROM two
COPY --from=one /one /again
`.replace('--mount=from=one', '--mount=type=cache,id=signal,target=/signal --mount=from=one'),
      go: 'go',
    },
    signal: { Dockerfile: 'FROM busybox\nRUN --mount=type=cache,id=signal,target=/signal touch /signal/go\n' },
  });
  await rig.ok(['build', ...rig.busybox, './idle']);
  const build = rig.start(['build', '--progress', 'plain', ...rig.busybox, '-o', 'type=local,dest=out', './busy']);
  await build.told('begun\n');
  const busy = await usage(rig);
  assert.ok(busy.some(({ description, inUse }) => /echo one/.test(description) && inUse));
  assert.ok(
    busy.some(({ description, inUse }) => /notes/.test(description) && inUse),
    JSON.stringify(busy, null, 1),
  );
  await rig.ok(['prune', '--all']);
  const left = await usage(rig);
  assert.ok(!left.some(({ description }) => /echo idle/.test(description)));
  assert.ok(left.some(({ description }) => /echo one/.test(description)));
  await rig.ok(['build', ...rig.busybox, './signal']);
  await rig.ok(['prune', '--all']);
  const { code, stderr } = await build.done;
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(rig.path('out/seen'), 'utf8'), 'kept\none\n');
  assert.equal(readFileSync(rig.path('out/again'), 'utf8'), 'one\n');
});

test('builds and prunes that take turns without waiting for each other are all right', async () => {
  const files = { Dockerfile: 'FROM busybox\nRUN echo 1 > /1\nCOPY f /2\nRUN cat /1 /2 > /3\n', f: 'f' };
  await using rig = await Rig.open(files);
  const build = async (n: number) => {
    await rig.ok(['build', ...rig.busybox, '-o', `type=local,dest=../out${n}`, '.']);
    assert.equal(readFileSync(rig.path(`../out${n}/3`), 'utf8'), '1\nf');
  };
  const prunes = async () => {
    for (let i = 0; i < 4; i++) await rig.ok(['prune', '--all']);
  };
  await Promise.all([build(1).then(() => build(2)), build(3).then(() => build(4)), prunes()]);
});

test('du tells about what the disk says, and prune keeps what it is told to keep', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM busybox\nRUN head -c 6000000 /dev/urandom > /random\nCOPY big /big\n',
    big: Buffer.alloc(3_000_000, 'b'),
    second: { Dockerfile: 'FROM busybox\nRUN head -c 2000000 /dev/urandom > /random\n' },
  });
  await rig.ok(['build', ...rig.busybox, '-o', 'type=oci,dest=../app.tar', '.']);
  const rows = await usage(rig);
  const total = rows.reduce((sum, { size }) => sum + size, 0);
  // Trees, and their layers as they were packed for the archive.
  const there = (await onDisk(join(rig.cacheDir, 'layers'))) + (await onDisk(join(rig.cacheDir, 'content')));
  assert.ok(Math.abs(total - there) < 0.05 * there, `du says ${total}, the disk has ${there}`);
  const sizeOf = (what: RegExp) => rows.find(({ description }) => what.test(description))!.size;
  assert.ok(Math.abs(sizeOf(/head -c 6000000/) - 12_000_000) < 100_000, `${sizeOf(/head -c 6000000/)}`); // once more as it is packed
  assert.ok(Math.abs(sizeOf(/big/) - 3_000_000) < 100_000, `${sizeOf(/big/)}`);

  // Just used, so it is within every duration.
  assert.match((await rig.ok(['prune', '--keep-duration', '1h'])).stdout, /Removed 0 records/);
  await rig.ok(['build', ...rig.busybox, '-o', 'type=oci,dest=../second.tar', './second']);
  await rig.ok(['prune', '--all', '--keep-storage', '9mb']);
  const left = await usage(rig);
  const kept = left.reduce((sum, { size }) => sum + size, 0);
  assert.ok(kept <= 9 * 1024 ** 2 && kept > 1_000_000, `${kept} bytes are left`);
  assert.ok(
    left.some(({ description }) => /head -c 2000000/.test(description)),
    'what was used last stays',
  );
  await rig.ok(['prune', '--all']);
  assert.deepEqual(await usage(rig), []);
  const content = await onDisk(join(rig.cacheDir, 'content'));
  assert.ok(content < 100_000, `${content} bytes of blobs are left`);
  await rig.ok(['build', ...rig.busybox, '-o', 'type=oci,dest=../app.tar', '.']);
});

test('a prune that is killed midway leaves a cache that is right and that the next one empties', async () => {
  const lines = Array.from({ length: 30 }, (_, i) => `COPY f /${i}`);
  await using rig = await Rig.open({ Dockerfile: ['FROM scratch', ...lines, ''].join('\n'), f: 'f' });
  const layers = () => readdirSync(join(rig.cacheDir, 'layers')).filter((name) => /^[0-9a-z]{12}$/.test(name)).length;
  const build = async () => {
    await rig.ok(['build', '-o', 'type=local,dest=../out', '.']);
    assert.equal(readFileSync(rig.path('../out/29'), 'utf8'), 'f');
  };
  for (let i = 0; i < 3; i++) {
    await build();
    const full = layers();
    const { child, done } = rig.start(['prune', '--all']);
    while (child.exitCode === null && layers() === full) await wait(1);
    child.kill('SIGKILL');
    await done;
  }
  await build();
  await rig.ok(['prune', '--all']);
  assert.deepEqual(await usage(rig), []);
  assert.equal(layers(), 0);
  assert.deepEqual(leftOf(rig.cacheDir), []);
});

test('the cache is for its owner alone', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN true\n' });
  await rig.ok(['build', ...rig.busybox, '.']);
  assert.equal(statSync(rig.cacheDir).mode & 0o777, 0o700);
});
