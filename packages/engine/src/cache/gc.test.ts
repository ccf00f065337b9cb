import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import type { PrunePolicy } from './api.ts';
import { kill, make, openRig, pieces, read, remoteLayer, start, work } from './cache-fixture.ts';
import type { OpenCache } from './cache.ts';

const options = { description: 'a test', ...work };
const all: PrunePolicy = { all: true };
const gone = async (cache: OpenCache, policy: PrunePolicy) =>
  (await cache.prune(policy, work)).map(({ description }) => description);

test('prune takes what nobody uses, children before parents, with folders and blobs', async () => {
  await using rig = await openRig();
  {
    await using cache = await rig.open();
    await using base = await make(cache, { base: '1' });
    await using top = await make(cache, { top: '2' }, base);
    await top.blobs({ compression: 'gzip', ...work });
    assert.deepEqual(await gone(cache, all), []);
  }
  await using cache = await rig.open();
  assert.deepEqual(await gone(cache, all), ['top', 'base']);
  assert.deepEqual(await cache.usage(), []);
  assert.deepEqual((await cache.snapshotter()).list(), []);
  assert.deepEqual(readdirSync(join(rig.folder, 'content/blobs/sha256')), []);
  assert.deepEqual([...cache.index.table('layers').keys()], []);
  assert.deepEqual([...cache.index.table('blobs').keys()], []);
});

test('what is held stays, with all that it stands on', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const base = await make(cache, { base: '1' });
  await using top = await make(cache, { top: '2' }, base);
  await using other = await make(cache, { other: '3' });
  const merged = await cache.merge([base, other], { ...options, description: 'merged' });
  const clone = merged.clone();
  await merged[Symbol.asyncDispose]();
  await base[Symbol.asyncDispose]();
  assert.deepEqual(await gone(cache, all), []);
  await clone[Symbol.asyncDispose]();
  assert.deepEqual(await gone(cache, all), ['merged']);
  assert.deepEqual(await read(top), { base: '1', top: '2' });
  const changes = await cache.diff(await cache.get(base.id), top, { ...options, description: 'changes' });
  await top[Symbol.asyncDispose]();
  await changes.blobs({ compression: 'gzip', ...work });
  assert.deepEqual(await read(changes), { top: '2' });
});

test('a difference keeps what its blob is packed against', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const base = await make(cache, { a: '1', b: '1' });
  const top = await cache.create(base, { ...options, description: 'top' });
  {
    await using mounted = await top.mount();
    const { rmSync } = await import('node:fs');
    rmSync(join(mounted.path, 'a'));
  }
  const upper = await top.commit();
  await using changes = await cache.diff(base, upper, { ...options, description: 'changes' });
  await upper[Symbol.asyncDispose]();
  await base[Symbol.asyncDispose]();
  await cache.prune(all, work);
  const [blob] = await changes.blobs({ compression: 'uncompressed', ...work });
  await using target = await make(cache, { a: '2', c: '2' });
  await using merged = await cache.merge([target, changes], options);
  assert.deepEqual(await read(merged), { c: '2' });
  const tar = Buffer.concat(await Array.fromAsync(blob!.provider.open(blob!.descriptor)));
  assert.ok(tar.includes('.wh.a'));
});

test('another process that uses something keeps it, and lets go of it when it is killed', async () => {
  await using rig = await openRig();
  const child = start(
    rig.folder,
    `const base = await make(cache, { base: '1' });
     const ref = await make(cache, { theirs: '1' }, base);
     await base[Symbol.asyncDispose]();
     say(ref.id);
     await forever();`,
  );
  const id = await child.said();
  await using cache = await rig.open();
  assert.deepEqual(await gone(cache, all), []);
  assert.equal((await cache.usage()).find((row) => row.id === id)?.inUse, true);
  await kill(child);
  assert.deepEqual(await gone(cache, all), ['theirs', 'base']);
});

test('what a living process has made and not yet named stays', async () => {
  await using rig = await openRig();
  const child = start(
    rig.folder,
    `async function* bytes() { yield Buffer.from('unnamed'); }
     const { digest } = await cache.content.write(bytes());
     const layer = await (await cache.snapshotter()).prepare([]);
     await layer.commit();
     say(digest);
     await forever();`,
  );
  const digest = (await child.said()) as Descriptor['digest'];
  await using cache = await rig.open();
  const there = async () => [existsSync(cache.content.path(digest)), (await cache.snapshotter()).list().length];
  await cache.prune(all, work);
  assert.deepEqual(await there(), [true, 1]);
  await kill(child);
  await using later = await rig.open();
  await cache[Symbol.asyncDispose]();
  await later.prune(all, work);
  assert.deepEqual([existsSync(later.content.path(digest)), (await later.snapshotter()).list().length], [false, 0]);
});

test('what one who was killed had begun to prune is settled by the next', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const [unused, used] = [await make(cache, { unused: '1' }), await make(cache, { used: '1' })];
  await unused[Symbol.asyncDispose]();
  const records = cache.index.table<object>('refs');
  cache.index.writeSync(() => {
    for (const { id } of [unused, used]) records.put(id, { ...records.get(id), going: true });
  });
  assert.equal(await cache.get(used.id), undefined);
  await cache.prune({ types: ['source.local'] }, work);
  await using again = await cache.get(used.id);
  assert.ok(again);
  assert.deepEqual([...records.keys()], [used.id]);
  assert.equal((await cache.snapshotter()).list().length, 1);
});

test('policies choose by type, age and size', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const refs = [
    await make(cache, { old: 'x'.repeat(40_000) }),
    await make(cache, { often: 'x'.repeat(40_000) }),
    await make(cache, { young: 'x'.repeat(40_000) }),
  ];
  const internal = await cache.create(undefined, { ...options, description: 'internal', recordType: 'internal' });
  refs.push(await internal.commit());
  for (const ref of refs) await ref[Symbol.asyncDispose]();
  const uses = cache.index.table<{ lastAt: number; count: number }>('uses');
  await cache.usage(); // writes down what was used until now
  const hour = 3_600_000;
  const set = (i: number, ago: number, count: number) =>
    cache.index.writeSync(() => uses.put(refs[i]!.id, { lastAt: Date.now() - ago, count }));
  set(0, 3 * hour, 1);
  set(1, 2 * hour, 9);
  set(2, 0, 1);
  set(3, 5 * hour, 1);
  assert.deepEqual(await gone(cache, { types: ['source.local'] }), []);
  assert.deepEqual(await gone(cache, { keepDuration: 4 * hour }), []);
  const total = (await cache.usage()).reduce((sum, { size }) => sum + size, 0);
  assert.deepEqual(await gone(cache, { keepStorage: total }), []);
  assert.deepEqual(await gone(cache, { keepStorage: total - 1 }), ['old']);
  assert.deepEqual(await gone(cache, { keepDuration: hour }), ['often']);
  assert.deepEqual(await gone(cache, {}), ['young']);
  assert.deepEqual(await gone(cache, all), ['internal']);
});

test('an image that stays under its name keeps its content, and what is shared with it goes last', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const layer = await remoteLayer({ a: '1' });
  const put = async (mediaType: string, value: unknown): Promise<Descriptor> => ({
    mediaType,
    ...(await cache.content.write(pieces(Buffer.from(JSON.stringify(value))))),
  });
  const ref = await cache.fromLayers([layer], options);
  await ref.chain(work);
  const config = await put(mediaTypes.ociConfig, {});
  const root = await put(mediaTypes.ociManifest, { schemaVersion: 2, config, layers: [layer.descriptor] });
  await cache.images.put('app', root);
  await ref[Symbol.asyncDispose]();
  const kept = () => [root, config, layer.descriptor].map(({ digest }) => existsSync(cache.content.path(digest)));
  // As if they had been there for long.
  for (const { digest } of [root, config, layer.descriptor]) utimesSync(cache.content.path(digest), 1, 1);
  assert.equal((await cache.usage())[0]!.shared, true);
  assert.deepEqual(await gone(cache, {}), []);
  assert.deepEqual(await gone(cache, all), ['a test']);
  assert.deepEqual(kept(), [true, true, true]);
  assert.equal(await cache.images.remove('docker.io/library/app:latest'), true);
  for (const { digest } of [root, config, layer.descriptor]) utimesSync(cache.content.path(digest), 1, 1);
  await cache.prune(all, work);
  assert.deepEqual(kept(), [false, false, false]);
});

test('pruning in one process while another builds never takes what that one uses', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const child = start(
    rig.folder,
    `let parent = await make(cache, { 'f0': '0' });
     const { id } = parent;
     say('go');
     for (let i = 1; i < 12; i++) {
       const next = await make(cache, { ['f' + i]: String(i) }, parent);
       await parent[Symbol.asyncDispose]();
       parent = next;
       const again = await cache.get(parent.id);
       await again[Symbol.asyncDispose]();
     }
     const files = await read(parent);
     await parent.blobs({ compression: 'gzip', ...work });
     say(String(Object.keys(files).length));`,
  );
  assert.equal(await child.said(), 'go');
  const result = child.said();
  const pruned = cache.prune(all, work).then(() => 'pruned');
  for (let first = await Promise.race([result, pruned]); first === 'pruned';) {
    first = await Promise.race([result, cache.prune(all, work).then(() => 'pruned')]);
  }
  assert.equal(await result, '12');
  await once(child, 'exit');
});
