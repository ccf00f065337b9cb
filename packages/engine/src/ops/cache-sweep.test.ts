import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import { openIndex } from '../index/index.ts';
import { digestOf } from '../oci/digest.ts';
import { makeTempFolder } from '../std/temp.ts';
import { openCacheStore, openKeyTables } from './cache-store.ts';
import { sweepKeys } from './cache-sweep.ts';

test('keys stay as long as a result is found through them, and go with the last', async () => {
  await using folder = makeTempFolder();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const store = openCacheStore(index, { get: async () => undefined } as unknown as Cache, async () => ({
    [Symbol.asyncDispose]: async () => {},
  }));
  const question = (name: string, ...keys: string[]) => ({
    digest: digestOf(name),
    output: 0,
    deps: keys.map((id) => ({ keys: [{ id }] })),
  });
  const save = (key: string, from: ReturnType<typeof question>) =>
    store.save(key, from, { id: `ref-${key}` } as ImmutableRef);
  // base → step → top, and base → side
  await save('step', question('step', 'base'));
  await save('top', question('top', 'step'));
  await save('side', question('side', 'base'));
  const found = (name: string, key: string) => store.query(question(name, key));

  await sweepKeys(index, (ref) => ref === 'ref-top');
  assert.deepEqual(await found('step', 'base'), ['step'], 'the way to top stays');
  assert.deepEqual(await found('top', 'step'), ['top']);
  assert.deepEqual(await found('side', 'base'), []);
  const { ways, links, results } = openKeyTables(index);
  assert.deepEqual([...results.keys()], ['top']);

  await sweepKeys(index, () => false);
  assert.deepEqual([[...ways.keys()], [...links.keys()], [...results.keys()]], [[], [], []]);
});
