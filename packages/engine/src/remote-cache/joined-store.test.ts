import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cache, RemoteLayer } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { rootKey, type KeyId } from '../solver/cache-key.ts';
import type { CacheStore, KeyQuestion } from '../solver/cache-store.ts';
import { linkRecords } from './imported.ts';
import { joinedStore, type ImportedCache } from './joined-store.ts';

const [base, content, selector] = [digestOf('base'), rootKey(digestOf('content'), -1), digestOf('selector')];
const [step, last] = [digestOf('step'), digestOf('last')];
const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf('layer'), size: 5 };

/** base, and by its content, → step → last; `last` has a result. */
function records(lost: (error: unknown) => void = (error) => assert.fail(String(error))): ImportedCache {
  const links = [{ link: 0, selector }, { link: 1 }];
  const config = {
    layers: [{ blob: blob.digest }],
    records: [
      { digest: rootKey(base, 0), inputs: [], results: [] },
      { digest: content, inputs: [], results: [] },
      { digest: rootKey(step, 0), inputs: [links], results: [] },
      { digest: rootKey(last, 0), inputs: [[{ link: 2 }]], results: [{ layers: [0], createdAt: 7 }] },
    ],
  };
  const provider = { open: () => assert.fail('nothing is read') };
  return linkRecords(config, new Map<Digest, Descriptor>([[blob.digest, blob]]), { name: 'there', provider, lost });
}

class Own implements CacheStore<ImmutableRef> {
  readonly links: string[] = [];
  readonly saved = new Map<KeyId, number | undefined>();
  answers: readonly KeyId[] = [];

  async query() {
    return this.answers;
  }
  async load() {
    return undefined;
  }
  async save(key: KeyId, question: KeyQuestion, _: ImmutableRef, options?: { readonly createdAt: number }) {
    this.saved.set(key, options?.createdAt);
    await this.link(key, question);
  }
  async link(key: KeyId, { deps }: KeyQuestion) {
    this.links.push(...deps.flatMap(({ keys }) => keys.map(({ id }) => `${id} → ${key}`)));
  }
  async kept() {
    return { ways: [] };
  }
  async claim() {
    return { [Symbol.asyncDispose]: async () => {} };
  }
}

type Import = Promise<readonly ImportedCache[]>;

function joined(own: Own, imports: Import | (() => readonly Import[]), fetchLayers: Cache['fetchLayers']) {
  const work = { signal: new AbortController().signal, report: () => undefined };
  const opened = typeof imports === 'function' ? imports : () => [imports];
  return joinedStore({ own, imports: opened, cache: { fetchLayers } as Cache, work });
}

const ref = { id: 'ref' } as ImmutableRef;
const asked = (digest: Digest, id: KeyId, by?: Digest): KeyQuestion => ({
  digest,
  output: 0,
  deps: [{ keys: [{ id, ...(by && { selector: by }) }] }],
});

test('what is kept elsewhere is told as such, with what it would fetch', async () => {
  const own = new Own();
  const work = { signal: new AbortController().signal, report: () => undefined };
  const missing = async (layers: readonly RemoteLayer[]) => layers;
  const cache = { fetchLayers: () => assert.fail('nothing is fetched'), missing } as unknown as Cache;
  const store = joinedStore({ own, imports: () => [Promise.resolve([records()])], cache, work });
  const [first] = await store.query(asked(step, content));
  assert.equal((await store.kept(first!)).createdAt, undefined);
  const [result] = await store.query(asked(last, first!));
  const { createdAt, elsewhere } = await store.kept(result!);
  assert.deepEqual([createdAt, elsewhere?.name], [7, 'there']);
  assert.deepEqual(await elsewhere!.missing(), [{ id: blob.digest, bytes: 5 }]);
});

test('imported records are followed by definition and by content, and kept under keys of our own', async () => {
  for (const question of [asked(step, rootKey(base, 0), selector), asked(step, content)]) {
    const own = new Own();
    const store = joined(own, Promise.resolve([records()]), async () => ref);
    const [first, ...others] = await store.query(question);
    assert.match(first!, /^k:/);
    assert.deepEqual(others, []);
    assert.equal(await store.load([first!]), undefined);
    const [second] = await store.query(asked(last, first!));
    let fetched = 0;
    assert.equal(await store.load([second!], { fetched: () => fetched++ }), ref);
    assert.equal(fetched, 1, 'it came from elsewhere');
    assert.deepEqual([...own.saved], [[second, 7]]);
    // With all that leads there, by whatever way it was found; a key with a selector stands for nothing else.
    assert.ok(own.links.includes(`${content} → ${first}`));
    assert.ok(own.links.includes(`${first} → ${second}`));
    assert.deepEqual((await store.kept(second!)).createdAt, 7);
  }
});

test('more ways to what is elsewhere are written down with the result that follows, and not before', async () => {
  const own = new Own();
  const store = joined(own, Promise.resolve([records()]), async () => ref);
  const [first] = await store.query(asked(step, content));
  await store.link(first!, asked(step, 'k:by-definition'));
  assert.equal(own.links.length, 0);
  const [second] = await store.query(asked(last, first!));
  await store.load([second!]);
  assert.ok(own.links.includes(`k:by-definition → ${first}`));
  await store.link(first!, asked(step, 'k:later'));
  assert.ok(own.links.includes(`k:later → ${first}`));
});

test('another digest, output, selector or count of inputs leads nowhere', async () => {
  const store = joined(new Own(), Promise.resolve([records()]), async () => ref);
  assert.deepEqual(await store.query(asked(step, rootKey(base, 0))), []);
  assert.deepEqual(await store.query(asked(last, content)), []);
  assert.deepEqual(await store.query({ ...asked(step, content), output: 1 }), []);
  const { deps, ...rest } = asked(step, content);
  assert.deepEqual(await store.query({ ...rest, deps: [...deps, undefined] }), [], 'on more inputs it is other work');
});

test('what is known here does not wait for an import, and still leads to what is known there', async () => {
  const own = new Own();
  const { promise, resolve } = Promise.withResolvers<readonly ImportedCache[]>();
  const store = joined(own, promise, async () => ref);
  own.answers = ['k:here'];
  assert.deepEqual(await store.query(asked(step, content)), ['k:here']);
  own.answers = [];
  resolve([records()]);
  const [key] = await store.query(asked(last, 'k:here'));
  assert.equal(await store.load([key!]), ref);
});

test('caches are opened once something is not found here, and not before', async () => {
  const own = new Own();
  let opened = 0;
  const store = joined(
    own,
    () => {
      opened++;
      return [Promise.resolve([records()])];
    },
    async () => ref,
  );
  own.answers = ['k:here'];
  await store.query(asked(step, content));
  await store.kept('k:here');
  assert.equal(opened, 0);
  own.answers = [];
  await store.query(asked(last, 'k:here'));
  await store.query(asked(last, 'k:here'));
  assert.equal(opened, 1);
});

test('what one cache has does not wait for another one', async () => {
  const slow = Promise.withResolvers<readonly ImportedCache[]>();
  const store = joined(
    new Own(),
    () => [slow.promise, Promise.resolve([records()])],
    async () => ref,
  );
  const [first] = await store.query(asked(step, content));
  const [second] = await store.query(asked(last, first!));
  assert.equal(await store.load([second!]), ref);
  // What none has so far waits for all of them.
  const nothing = store.query(asked(digestOf('unknown'), content));
  slow.resolve([]);
  assert.deepEqual(await nothing, []);
});

test('a result that cannot be had is told once, and is as if it were not there', async () => {
  const told: unknown[] = [];
  const gone = new Error('gone');
  const store = joined(new Own(), Promise.resolve([records((error) => told.push(error))]), () => Promise.reject(gone));
  const [key] = await store.query(asked(step, content));
  const [next] = await store.query(asked(last, key!));
  assert.equal(await store.load([next!]), undefined);
  assert.equal(await store.load([next!]), undefined);
  assert.deepEqual(told, [gone]);
});
