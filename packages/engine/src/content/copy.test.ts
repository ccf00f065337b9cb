import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { failedOf } from '../std/failed.ts';
import { children } from './children.ts';
import { copy } from './copy.ts';
import { MemoryStore } from './memory.ts';
import type { Store } from './store.ts';

async function put(store: Store, mediaType: string, value: unknown): Promise<Descriptor> {
  async function* bytes() {
    yield Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  }
  return { mediaType, ...(await store.write(bytes())) };
}

async function image(store: Store, name: string): Promise<Descriptor> {
  const config = await put(store, mediaTypes.ociConfig, { name });
  const layers = [await put(store, mediaTypes.ociLayer, 'shared'), await put(store, mediaTypes.ociLayer, name)];
  return put(store, mediaTypes.ociManifest, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
}

async function index(store: Store): Promise<Descriptor> {
  const manifests = [await image(store, 'a'), await image(store, 'b')];
  return put(store, mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

async function reach(store: Store, root: Descriptor): Promise<string[]> {
  const below = await Promise.all((await children(root, store)).map((child) => reach(store, child)));
  return [root.digest, ...below.flat()];
}

test('a graph is copied with children before parents, each piece once', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()];
  const root = await index(from);
  const order: string[] = [];
  await copy(from, to, { root, progress: ({ digest }, { done }) => void (done && order.push(digest)) });
  assert.deepEqual(new Set(order), new Set(await reach(to, root)));
  assert.equal(order.length, new Set(order).size);
  assert.equal(order.at(-1), root.digest);
});

test('what is there is not copied again, and what is missing below a manifest is mended', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()];
  const root = await index(from);
  const [config] = (await children((await children(root, from))[0]!, from)) as [Descriptor];
  await copy(from, to, { root, skip: ({ digest }) => digest === config.digest });
  assert.equal(await to.stat(config.digest), undefined);
  const opened: string[] = [];
  const counting = {
    open: (...args: Parameters<Store['open']>) => {
      opened.push(args[0].digest);
      return from.open(...args);
    },
  };
  await copy(counting, to, { root });
  assert.deepEqual(opened, [config.digest]);
});

test('a failure stops the copy, and no manifest arrives without its content', async () => {
  const [from, to] = [new MemoryStore(), new MemoryStore()];
  const root = await index(from);
  const broken = {
    open: (descriptor: Descriptor, options?: { signal?: AbortSignal }) =>
      descriptor.size === 1 ? failing() : from.open(descriptor, options),
  };
  await assert.rejects(copy(broken, to, { root }), /no such luck/);
  for (const manifest of await children(root, from)) assert.equal(await to.stat(manifest.digest), undefined);
  assert.equal(await to.stat(root.digest), undefined);
  const controller = new AbortController();
  const stopped = copy(from, to, { root, signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
});

test('documents that are not what their media type says are refused', async () => {
  const store = new MemoryStore();
  const layer = await put(store, mediaTypes.ociLayer, 'x');
  const good = { schemaVersion: 2, config: layer, layers: [layer] };
  const bad: [string, unknown][] = [
    [mediaTypes.ociManifest, 'no json'],
    [mediaTypes.ociManifest, []],
    [mediaTypes.ociManifest, { ...good, schemaVersion: 1 }],
    [mediaTypes.ociManifest, { ...good, manifests: [] }],
    [mediaTypes.ociManifest, { ...good, mediaType: mediaTypes.ociIndex }],
    [mediaTypes.ociManifest, { ...good, layers: [{ ...layer, digest: 'sha256:../../etc' }] }],
    [mediaTypes.ociManifest, { ...good, layers: [{ ...layer, size: -1 }] }],
    [mediaTypes.ociIndex, { ...good, manifests: [] }],
    [mediaTypes.ociIndex, good],
  ];
  for (const [mediaType, value] of bad) {
    const descriptor = await put(store, mediaType, value);
    await assert.rejects(
      children(descriptor, store),
      (error) => failedOf(error, 'content-malformed') !== undefined,
      JSON.stringify(value),
    );
  }
  assert.equal((await children(await put(store, mediaTypes.dockerManifest, good), store)).length, 2);
});

async function* failing(): AsyncIterable<Uint8Array> {
  yield Buffer.alloc(1);
  throw new Error('no such luck');
}
