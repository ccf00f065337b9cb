import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { failedOf } from '../std/failed.ts';
import { mount, unmount } from '../sys/mount.ts';
import { openIndex } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'index-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const here = new URL('./index.ts', import.meta.url).href;

test('what is written is read back, in the order of keys', async () => {
  await using index = openIndex(join(folder, 'a.mdb'));
  const table = index.table<{ n: number; big: bigint; bytes: Uint8Array }>('t');
  const value = (n: number) => ({ n, big: 1_234_567_890_123_456_789n, bytes: Buffer.from([n]) });
  await index.write(() => {
    table.put('b/2', value(2));
    table.put('b/1', value(1));
    table.put('c', value(3));
    assert.equal(table.get('b/2')?.n, 2, 'a body sees its own writes');
  });
  assert.equal(table.get('b/1')?.big, 1_234_567_890_123_456_789n);
  assert.deepEqual(Buffer.from(table.get('c')!.bytes), Buffer.from([3]));
  assert.deepEqual([...table.keys({ prefix: 'b/' })], ['b/1', 'b/2']);
  assert.deepEqual(
    [...table.entries({ from: 'b/2' })].map(([key, { n }]) => [key, n]),
    [
      ['b/2', 2],
      ['c', 3],
    ],
  );
  assert.deepEqual([...table.keys({ limit: 1 })], ['b/1']);
  assert.equal(table.get('x'), undefined);
  assert.equal(
    index.writeSync(() => table.remove('c')),
    true,
  );
  assert.equal(
    index.writeSync(() => table.remove('c')),
    false,
  );
  assert.ok(!table.has('c') && table.has('b/1'));
  index.writeSync(() => table.clear());
  assert.deepEqual([...table.keys()], []);
});

test('links hold sets of values', async () => {
  await using index = openIndex(join(folder, 'l.mdb'));
  const links = index.links('l');
  index.writeSync(() => {
    for (const value of ['z', 'y', 'y']) links.add('a', value);
    links.add('b', 'x');
  });
  assert.deepEqual([...links.get('a')], ['y', 'z']);
  assert.ok(links.has('a', 'z') && !links.has('a', 'x') && !links.has('c', 'x'));
  assert.deepEqual(
    [...links.entries()],
    [
      ['a', 'y'],
      ['a', 'z'],
      ['b', 'x'],
    ],
  );
  await index.write(() => links.remove('a', 'y'));
  assert.deepEqual([...links.get('a')], ['z']);
  index.writeSync(() => links.removeAll('a'));
  assert.deepEqual([...links.keys()], ['b']);
});

test('a body that throws leaves nothing, and its neighbours are kept', async () => {
  await using index = openIndex(join(folder, 'b.mdb'));
  const table = index.table<number>('t');
  const outcomes = await Promise.allSettled([
    index.write(() => table.put('first', 1)),
    index.write(() => {
      table.put('second', 2);
      throw new Error('no');
    }),
    index.write(() => table.put('third', 3)),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual([...table.keys()], ['first', 'third']);
  assert.throws(
    () =>
      index.writeSync(() => {
        table.put('fourth', 4);
        throw new Error('no');
      }),
    /no/,
  );
  assert.deepEqual([...table.keys()], ['first', 'third']);
});

test('changes outside a write, asynchronous bodies and endless keys are refused', async () => {
  await using index = openIndex(join(folder, 'c.mdb'));
  const table = index.table<number>('t');
  assert.throws(() => table.put('a', 1), /only inside write/);
  assert.throws(() => index.writeSync(async () => {}), TypeError);
  assert.throws(() => index.writeSync(() => table.put('k'.repeat(2000), 1)), RangeError);
  index.writeSync(() => table.put('ü'.repeat(900), 1));
  assert.equal(table.get('ü'.repeat(900)), 1);
});

test('threads and processes share it, and nobody loses an increment', async () => {
  const path = join(folder, 'd.mdb');
  await using index = openIndex(path);
  const counter = index.table<number>('t');
  const code = `import { openIndex } from ${JSON.stringify(here)};
    await using index = openIndex(${JSON.stringify(path)});
    const table = index.table('t');
    for (let i = 0; i < 20; i++) await index.write(() => table.put('n', (table.get('n') ?? 0) + 1));`;
  const file = join(folder, 'd.mjs');
  writeFileSync(file, code);
  const worker = new Worker(file);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit'] });
  for (let i = 0; i < 20; i++) index.writeSync(() => counter.put('n', (counter.get('n') ?? 0) + 1));
  const [[code1], [code2]] = await Promise.all([once(worker, 'exit'), once(child, 'exit')]);
  assert.deepEqual([code1, code2], [0, 0]);
  assert.equal(counter.get('n'), 60);
});

test('a writer that is killed in its transaction leaves all or nothing, and lets others write', async () => {
  const path = join(folder, 'e.mdb');
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { writeSync } from 'node:fs';
       import { openIndex } from ${JSON.stringify(here)};
       const index = openIndex(${JSON.stringify(path)});
       const table = index.table('t');
       index.writeSync(() => table.put('whole', 1));
       index.writeSync(() => {
         for (let i = 0; i < 5000; i++) table.put('half' + i, 'x'.repeat(100));
         writeSync(1, 'now');
         for (;;);
       });`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using index = openIndex(path);
  const table = index.table('t');
  assert.deepEqual([...table.keys()], ['whole']);
  index.writeSync(() => table.put('next', 1));
  assert.deepEqual([...table.keys()], ['next', 'whole']);
});

test('a full disk is a clear failure and the index stays as it was', async () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  mount('tmpfs', disk, { type: 'tmpfs', data: 'size=4m' });
  try {
    await using index = openIndex(join(disk, 'f.mdb'));
    const table = index.table<string>('t');
    index.writeSync(() => table.put('kept', 'kept'));
    const fill = () => {
      for (let i = 0; i < 2000; i++) table.put(`full${i}`, 'x'.repeat(4000));
    };
    assert.throws(
      () => index.writeSync(fill),
      (error) => failedOf(error, 'disk-full') !== undefined,
    );
    await assert.rejects(index.write(fill), (error) => failedOf(error, 'disk-full') !== undefined);
    assert.deepEqual([...table.keys()], ['kept']);
    index.writeSync(() => table.put('more', 'more'));
    assert.deepEqual([...table.keys()], ['kept', 'more']);
  } finally {
    unmount(disk);
  }
});
