import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { collect } from '../std/collect.ts';
import { failedOf } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { mount, unmount } from '../sys/mount.ts';
import { DiskStore } from './disk.ts';

test('content that the disk has spoilt is told and not found again', async () => {
  await using temp = makeTempFolder();
  const store = new DiskStore(temp.path);
  const written = await store.write(pieces('abc'));
  writeFileSync(store.path(written.digest), 'xyz');
  await assert.rejects(collect(store.open(written), 10), (error) => failedOf(error, 'content-mismatch') !== undefined);
  assert.equal(await store.stat(written.digest), undefined);
  await store.write(pieces('abc'), { expected: written });
  assert.equal((await collect(store.open(written), 10)).length, 3);
});

test('a writer that is killed leaves no blob, and its owner can be swept away', async () => {
  await using temp = makeTempFolder();
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { DiskStore } from ${JSON.stringify(new URL('./disk.ts', import.meta.url).href)};
       const store = new DiskStore(${JSON.stringify(temp.path)}, { owner: 'dead' });
       async function* bytes() {
         yield Buffer.alloc(100000);
         yield Buffer.alloc(100000);
         console.log('half');
         await new Promise(() => setInterval(() => {}, 1e6));
       }
       await store.write(bytes());`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = new DiskStore(temp.path);
  assert.equal(readdirSync(join(temp.path, 'ingest')).length, 1);
  await store.sweep('other');
  assert.equal(readdirSync(join(temp.path, 'ingest')).length, 1);
  await store.sweep('dead');
  assert.deepEqual(readdirSync(temp.path), ['ingest']);
  assert.deepEqual(readdirSync(join(temp.path, 'ingest')), []);
});

test('a full disk is a clear failure, and what was there stays', async () => {
  await using temp = makeTempFolder();
  mount('tmpfs', temp.path, { type: 'tmpfs', data: 'size=1m' });
  try {
    const store = new DiskStore(temp.path);
    const small = await store.write(pieces('kept'));
    async function* large() {
      for (let i = 0; i < 20; i++) yield Buffer.alloc(100_000);
    }
    await assert.rejects(store.write(large()), (error) => failedOf(error, 'disk-full') !== undefined);
    assert.deepEqual(readdirSync(join(temp.path, 'ingest')), []);
    assert.equal((await collect(store.open(small), 10)).length, 4);
    await store.write(pieces('more'));
  } finally {
    unmount(temp.path);
  }
});

test('content goes when nobody used it since a time, and asking is using', async () => {
  await using temp = makeTempFolder();
  const store = new DiskStore(temp.path);
  const [a, b] = [await store.write(pieces('a')), await store.write(pieces('b'))];
  const before = Date.now() - 1000;
  for (const { digest } of [a, b]) utimesSync(store.path(digest), 1000, 1000);
  await store.stat(b.digest);
  assert.equal(await store.remove(a.digest, { before }), true);
  assert.equal(await store.remove(a.digest, { before }), false);
  assert.equal(await store.remove(b.digest, { before }), false);
  const left = [];
  for await (const { digest } of store.list()) left.push(digest);
  assert.deepEqual(left, [digestOf('b')]);
});

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
