import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { collect } from '../std/collect.ts';
import { failedOf } from '../std/failed.ts';
import { kill, make, openRig, read, remoteLayer, start, work } from './cache-fixture.ts';

const options = { description: 'a test', ...work };

test('a committed tree is found again by its id, also by the next process', async () => {
  await using rig = await openRig();
  let id: string;
  {
    await using cache = await rig.open();
    await using base = await make(cache, { a: '1', 'd/b': '2' });
    await using ref = await make(cache, { a: 'changed', c: '3' }, base);
    id = ref.id;
    assert.deepEqual(await read(ref), { a: 'changed', c: '3', 'd/b': '2' });
    assert.deepEqual(await read(base), { a: '1', 'd/b': '2' });
    assert.equal((await ref.chain(work)).length, 2);
  }
  await using cache = await rig.open();
  await using ref = await cache.get(id);
  assert.deepEqual(await read(ref!), { a: 'changed', c: '3', 'd/b': '2' });
  assert.equal(await cache.get('nothing'), undefined);
});

test('a tree that is not committed leaves nothing', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  {
    await using tree = await cache.create(undefined, options);
    assert.equal(tree.view().kind, 'bind');
  }
  assert.deepEqual((await cache.snapshotter()).list(), []);
  assert.deepEqual(await cache.usage(), []);
});

test('the empty tree is one ref', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  await using again = (await cache.get(cache.scratch.id))!;
  assert.deepEqual(await again.view(work), { kind: 'empty' });
  assert.deepEqual(await again.blobs({ compression: 'gzip', ...work }), []);
  await using none = await cache.fromLayers([], options);
  assert.equal(none.id, cache.scratch.id);
});

test('layers of an image stay where they are until somebody needs the tree, and equal ones are fetched once', async () => {
  await using rig = await openRig();
  const [one, two, other] = [
    await remoteLayer({ a: '1', b: '1' }),
    await remoteLayer({ b: '2', '.wh.a': '' }),
    await remoteLayer({ c: '3' }),
  ];
  let id: string;
  {
    await using cache = await rig.open();
    await using ref = await cache.fromLayers([one, two], options);
    await using same = await cache.fromLayers([one, two], options);
    id = ref.id;
    assert.equal(same.id, ref.id);
    assert.deepEqual([one.opened, two.opened], [[], []]);
    await using sibling = await cache.fromLayers([one, other], options);
    assert.deepEqual(await Promise.all([read(ref), read(same), read(sibling)]), [
      { b: '2' },
      { b: '2' },
      { a: '1', b: '1', c: '3' },
    ]);
    assert.deepEqual([one.opened.length, two.opened.length, other.opened.length], [1, 1, 1]);
  }
  await using cache = await rig.open();
  await using ref = await cache.get(id);
  assert.deepEqual(await read(ref!), { b: '2' });
});

test('an image whose layers nobody fetched is found only while somebody knows where they are', async () => {
  await using rig = await openRig();
  const layer = await remoteLayer({ a: '1' });
  let id: string;
  {
    await using cache = await rig.open();
    await using ref = await cache.fromLayers([layer], options);
    id = ref.id;
    await using found = await cache.get(id);
    assert.ok(found);
  }
  await using cache = await rig.open();
  assert.equal(await cache.get(id), undefined);
  await using ref = await cache.fromLayers([layer], options);
  assert.equal(ref.id, id);
  assert.deepEqual(await read(ref), { a: '1' });
});

test('a layer whose bytes are not those of its image is refused, and can be had right later', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const [good, evil] = [await remoteLayer({ a: '1' }), await remoteLayer({ a: '2' })];
  await using ref = await cache.fromLayers(
    [{ ...good, descriptor: evil.descriptor, provider: evil.provider }],
    options,
  );
  await assert.rejects(read(ref), (error) => failedOf(error, 'layer-mismatch') !== undefined);
  await using swapped = await cache.fromLayers([{ ...good, provider: evil.provider }], options);
  await assert.rejects(read(swapped), (error) => failedOf(error, 'content-missing') !== undefined);
  await using right = await cache.fromLayers([good], options);
  assert.deepEqual(await read(right), { a: '1' });
  assert.equal((await cache.snapshotter()).list().length, 1);
  const [blob] = await right.blobs({ compression: 'gzip', ...work });
  assert.equal(blob!.descriptor.digest, good.descriptor.digest);
  await using next = await rig.open();
  await using again = (await next.get(right.id))!;
  assert.equal((await again.blobs({ compression: 'gzip', ...work }))[0]!.descriptor.digest, good.descriptor.digest);
});

test('who no longer wants a layer leaves the fetch to the others', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const layer = await remoteLayer({ a: '1' });
  const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const provider: typeof layer.provider = {
    async *open(...args) {
      asked.resolve();
      await go.promise;
      yield* layer.provider.open(...args);
    },
  };
  await using ref = await cache.fromLayers([{ ...layer, provider }], options);
  const controller = new AbortController();
  const [impatient, patient] = [ref.chain({ ...work, signal: controller.signal }), ref.chain(work)];
  await asked.promise;
  controller.abort(new Error('enough'));
  await assert.rejects(impatient, /enough/);
  go.resolve();
  assert.equal((await patient).length, 1);
  assert.equal(layer.opened.length, 1);
});

test('blobs of a built layer are made once for each way of making them', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const base = await remoteLayer({ a: '1' });
  await using image = await cache.fromLayers([base], options);
  await using ref = await make(cache, { b: '2' }, image);
  const gzip = await ref.blobs({ compression: 'gzip', ...work });
  assert.deepEqual(gzip[0]!.descriptor, base.descriptor);
  assert.equal(gzip[0]!.compression, 'uncompressed');
  assert.equal(gzip[1]!.descriptor.mediaType, 'application/vnd.oci.image.layer.v1.tar+gzip');
  assert.deepEqual(await ref.blobs({ compression: 'gzip', ...work }), gzip);
  const plain = await ref.blobs({ compression: 'uncompressed', ...work });
  assert.equal(plain[1]!.diffId, gzip[1]!.diffId);
  assert.equal(plain[1]!.descriptor.digest, gzip[1]!.diffId);
  const forced = await ref.blobs({ compression: 'zstd', force: true, ...work });
  assert.equal(forced[0]!.descriptor.mediaType, 'application/vnd.oci.image.layer.v1.tar+zstd');
  assert.equal(forced[0]!.diffId, base.diffId);
  const capped = await ref.blobs({ compression: 'uncompressed', epoch: 0, keep: 1, ...work });
  assert.deepEqual(capped[0]!.descriptor, base.descriptor);
  assert.notEqual(capped[1]!.diffId, plain[1]!.diffId);
  for (const blob of [...gzip, ...plain, ...forced, ...capped]) {
    await collect(blob.provider.open(blob.descriptor), 1e6);
  }
});

test('a blob that the disk lost is made again', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  await using ref = await make(cache, { b: '2' });
  const [blob] = await ref.blobs({ compression: 'gzip', ...work });
  rmSync(cache.content.path(blob!.descriptor.digest));
  assert.deepEqual(await ref.blobs({ compression: 'gzip', ...work }), [blob]);
  await collect(blob!.provider.open(blob!.descriptor), 1e6);
});

test('trees that the disk lost are made again, or not found', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const layer = await remoteLayer({ a: '1' });
  await using image = await cache.fromLayers([layer], options);
  await using ref = await make(cache, { b: '2' }, image);
  const [below, top] = await ref.chain(work);
  rmSync(join(rig.folder, 'layers', below!), { recursive: true });
  assert.deepEqual(await read(ref), { a: '1', b: '2' });
  assert.equal(layer.opened.length, 1);
  rmSync(join(rig.folder, 'layers', top!), { recursive: true });
  assert.equal(await cache.get(ref.id), undefined);
  await using there = await cache.get(image.id);
  assert.ok(there);
});

test('trees are merged and told apart', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  await using base = await make(cache, { a: 'base', 'd/x': 'base' });
  await using top = await make(cache, { a: 'top', 'd/y': 'top' }, base);
  await using other = await make(cache, { 'd/x': 'other', z: 'other' });
  await using merged = await cache.merge([base, other], options);
  assert.deepEqual(await read(merged), { a: 'base', 'd/x': 'other', z: 'other' });
  await using again = await cache.merge([base, other], options);
  assert.equal(again.id, merged.id);
  await using same = await cache.merge([cache.scratch, base], options);
  assert.equal(same.id, base.id);

  await using changes = await cache.diff(base, top, options);
  assert.deepEqual(await read(changes), { a: 'top', 'd/y': 'top' });
  const [own] = (await top.blobs({ compression: 'gzip', ...work })).slice(1);
  assert.deepEqual(await changes.blobs({ compression: 'gzip', ...work }), [own]);
  await using elsewhere = await cache.merge([other, changes], options);
  assert.deepEqual(await read(elsewhere), { a: 'top', 'd/x': 'other', 'd/y': 'top', z: 'other' });

  await using unrelated = await cache.diff(other, top, options);
  await using remade = await cache.merge([other, unrelated], options);
  assert.deepEqual(await read(remade), await read(top));
  await using nothing = await cache.diff(base, base, options);
  assert.equal(nothing.id, cache.scratch.id);
});

test('two processes that need the same layer fetch it once', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const layer = await remoteLayer({ a: '1' });
  const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const provider: typeof layer.provider = {
    async *open(...args) {
      asked.resolve();
      await go.promise;
      yield* layer.provider.open(...args);
    },
  };
  await using ref = await cache.fromLayers([{ ...layer, provider }], options);
  const chain = ref.chain(work);
  await asked.promise;
  const child = start(
    rig.folder,
    `const layer = await remoteLayer({ a: '1' });
     const ref = await cache.fromLayers([layer], { description: 'x' });
     say('waiting');
     await ref.chain(work);
     say(String(layer.opened.length));`,
  );
  assert.equal(await child.said(), 'waiting');
  go.resolve();
  assert.equal(await child.said(), '0');
  await once(child, 'exit');
  assert.equal((await chain).length, 1);
});

test('equal work in two processes is done by one at a time, and a killed one lets the next in', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const child = start(rig.folder, `const claim = await cache.claims('key', work); say('mine'); await forever();`);
  assert.equal(await child.said(), 'mine');
  const controller = new AbortController();
  const [waiting, stopped] = [cache.claims('key', work), cache.claims('key', controller)];
  controller.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
  await using _other = await cache.claims('another key', work);
  await kill(child);
  await using _claim = await waiting;
});

test('who is killed leaves half a tree and half a blob, and the next one to open the cache removes them', async () => {
  await using rig = await openRig();
  const child = start(
    rig.folder,
    `const kept = await make(cache, { a: 'kept' });
     await kept.blobs({ compression: 'gzip', ...work });
     const unnamed = await (await cache.snapshotter()).prepare([]);
     await unnamed.commit();
     await cache.claims('x', work);
     const half = await cache.create(kept, { description: 'half', ...work });
     const { writeFileSync } = await import('node:fs');
     writeFileSync(half.upper + '/b', 'half');
     async function* bytes() { yield Buffer.alloc(1000); say(kept.id); await forever(); }
     await cache.content.write(bytes());`,
  );
  const id = await child.said();
  await kill(child);
  const dead: string[] = [];
  await using cache = await rig.open({ deadOwners: [async (lease) => void dead.push(lease)] });
  assert.equal(dead.length, 1);
  assert.deepEqual(readdirSync(join(rig.folder, 'content/ingest')), []);
  assert.deepEqual(readdirSync(join(rig.folder, 'locks')), []);
  assert.equal(readdirSync(join(rig.folder, 'layers')).filter((name) => name.includes('.new.')).length, 0);
  await using kept = await cache.get(id);
  assert.deepEqual(await read(kept!), { a: 'kept' });
  assert.equal((await cache.snapshotter()).list().length, 1);
  assert.deepEqual(readdirSync(join(rig.folder, 'leases')).sort(), [cache.lease.id, `${cache.lease.id}.list`]);
  await using second = await rig.open({ deadOwners: [async (lease) => void dead.push(lease)] });
  assert.equal(dead.length, 1);
  assert.notEqual(second.lease.id, cache.lease.id);
});
