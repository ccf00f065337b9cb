import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import { openIndex } from '../index/index.ts';
import { digestOf } from '../oci/digest.ts';
import { makeTempFolder } from '../std/temp.ts';
import { openCacheStore } from './cache-store.ts';

test('what was made of two inputs is no answer for the same work on one of them', async () => {
  await using folder = makeTempFolder();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const store = openCacheStore(index, {} as Cache, async () => ({ [Symbol.asyncDispose]: async () => {} }));
  const question = (...keys: string[]) => ({
    digest: digestOf('copy'),
    output: 0,
    deps: keys.map((id) => ({ keys: [{ id }] })),
  });
  await store.save('both', question('base', 'other'), { id: 'ref' } as ImmutableRef);
  assert.deepEqual(await store.query(question('base', 'other')), ['both']);
  assert.deepEqual(await store.query({ ...question('base'), deps: [...question('base').deps, undefined] }), ['both']);
  assert.deepEqual(await store.query(question('base')), []);
});
