import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPool } from '../pool/pool.ts';
import { failedOf } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { mount, unmount } from '../sys/mount.ts';
import { make, openRig, read, start, work } from './cache-fixture.ts';
import { openCache } from './cache.ts';
import { openFolder } from './folder.ts';
import { cachePath } from './path.ts';

test('the cache is where it was asked for, else where the environment says, else in the XDG place', () => {
  const env = { HOME: '/home/me', XDG_CACHE_HOME: '/xdg', MONOKIT_CACHE_DIR: '/mine' };
  assert.equal(cachePath({ asked: '/asked', env }), '/asked');
  assert.equal(cachePath({ env }), '/mine');
  assert.equal(cachePath({ env: { ...env, MONOKIT_CACHE_DIR: '' } }), '/xdg/monokit');
  assert.equal(cachePath({ env: { HOME: '/home/me', XDG_CACHE_HOME: 'relative' } }), '/home/me/.cache/monokit');
  assert.equal(cachePath({ asked: 'here', env }), join(process.cwd(), 'here'));
});

test('the folder is for its owner alone, and one of another layout is refused', async () => {
  await using temp = makeTempFolder();
  const path = join(temp.path, 'a/b');
  openFolder(path);
  assert.equal(statSync(path).mode & 0o777, 0o700);
  openFolder(path);
  writeFileSync(join(path, 'layout'), '999\n');
  assert.throws(() => openFolder(path), /made by another version of monokit \(layout 999, this one knows 1\)/);
  const theirs = join(temp.path, 'theirs');
  mkdirSync(join(theirs, 'layers'), { recursive: true, mode: 0o755 });
  openFolder(theirs);
  rmSync(join(theirs, 'layout'));
  writeFileSync(join(theirs, 'layers/thesis'), '');
  assert.throws(() => openFolder(theirs), /it is no cache, but has a folder "layers"; choose another one/);
  const file = join(temp.path, 'file');
  writeFileSync(file, '');
  assert.throws(
    () => openFolder(join(file, 'x')),
    (error) => failedOf(error, 'cache-folder') !== undefined,
  );
});

test('many processes may open a new cache at once', async () => {
  await using rig = await openRig();
  const children = ['a', 'b', 'c'].map((name) => start(rig.folder, `await make(cache, { ${name}: '1' });`));
  const codes = await Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
  assert.deepEqual(codes, [0, 0, 0]);
  await using cache = await rig.open();
  assert.deepEqual((await cache.usage()).map(({ description }) => description).sort(), ['a', 'b', 'c']);
});

test('on a full disk work fails clearly, what was there is whole, and pruning makes room', async () => {
  await using temp = makeTempFolder();
  await using pool = openPool({ threads: 1 });
  const disk = join(temp.path, 'disk');
  mkdirSync(disk);
  mount('tmpfs', disk, { type: 'tmpfs', data: 'size=12m' });
  try {
    await using cache = await openCache(join(disk, 'cache'), { pool });
    await using kept = await make(cache, { kept: 'x'.repeat(1000) });
    const unused = await make(cache, { unused: 'x'.repeat(6_000_000) });
    await unused[Symbol.asyncDispose]();
    const fill = join(disk, 'fill');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(fill, Buffer.alloc((bavail - 4) * bsize));
    const full = (error: unknown) => failedOf(error, 'disk-full') !== undefined;
    await assert.rejects(
      kept.blobs({ compression: 'uncompressed', epoch: 1, ...work }).then(async () => {
        for (let i = 0; ; i++) await kept.blobs({ compression: 'uncompressed', epoch: 2 + i, ...work });
      }),
      full,
    );
    assert.equal((await read(kept))['kept'], 'x'.repeat(1000));
    writeFileSync(join(disk, 'rest'), Buffer.alloc(statfsSync(disk).bavail * statfsSync(disk).bsize));
    {
      // Another process can still look, and prune.
      await using other = await openCache(join(disk, 'cache'), { pool });
      assert.equal((await other.usage()).length, 2);
      await assert.rejects(other.get(kept.id), full);
      const gone = await other.prune({ all: true }, work);
      assert.deepEqual(
        gone.map(({ description }) => description),
        ['unused'],
      );
    }
    await using more = await make(cache, { more: 'y'.repeat(100_000) });
    assert.deepEqual(Object.keys(await read(more)), ['more']);
    assert.equal(readFileSync(fill).length > 0, true);
  } finally {
    unmount(disk);
  }
});
