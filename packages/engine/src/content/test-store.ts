// The contract of a Store: each implementation's test calls `testStore`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf } from '../oci/digest.ts';
import { collect } from '../std/collect.ts';
import { failedOf } from '../std/failed.ts';
import type { Store } from './store.ts';

/** `open` gives an empty store; what it holds of the machine is gone when it is disposed. */
export function testStore(name: string, open: () => Promise<AsyncDisposable & { readonly store: Store }>): void {
  const text = Buffer.from('some content');
  const promised = { digest: digestOf(text), size: text.length };

  test(`${name}: what is written is read back under its digest`, async () => {
    await using opened = await open();
    const { store } = opened;
    assert.equal(await store.stat(promised.digest), undefined);
    assert.deepEqual(await store.write(pieces('some ', 'content')), promised);
    assert.equal(await store.stat(promised.digest), text.length);
    assert.equal(Buffer.from(await collect(store.open(promised), 100)).toString(), 'some content');
    assert.deepEqual(await store.write(pieces()), { digest: digestOf(''), size: 0 });
    assert.equal((await collect(store.open({ digest: digestOf(''), size: 0 }), 100)).length, 0);
  });

  test(`${name}: a sha512 digest is kept under that`, async () => {
    await using opened = await open();
    const { createHash } = await import('node:crypto');
    const digest: Digest = `sha512:${createHash('sha512').update(text).digest('hex')}`;
    await opened.store.write(pieces('some content'), { expected: { digest } });
    assert.equal((await collect(opened.store.open({ ...promised, digest }), 100)).length, text.length);
  });

  test(`${name}: what is not there is missing`, async () => {
    await using opened = await open();
    await assert.rejects(
      collect(opened.store.open(promised), 100),
      (error) => failedOf(error, 'content-missing') !== undefined,
    );
  });

  test(`${name}: bytes that are not the promised ones are refused and not kept`, async () => {
    await using opened = await open();
    const { store } = opened;
    const refused = async (bytes: AsyncIterable<Uint8Array>, expected: { digest?: Digest; size?: number }) =>
      assert.rejects(store.write(bytes, { expected }), (error) => failedOf(error, 'content-mismatch') !== undefined);
    await refused(pieces('other content'), promised);
    await refused(pieces('some content'), { size: 11 });
    await refused(pieces('some content'), { size: 13 });
    await refused(pieces('some conten'), { digest: promised.digest });
    assert.equal(await store.stat(promised.digest), undefined);
    await store.write(pieces('some content'), { expected: promised });
    await refused(pieces('some content'), { digest: promised.digest, size: 13 });
  });

  test(`${name}: a size that is not the content's is refused when reading`, async () => {
    await using opened = await open();
    await opened.store.write(pieces('some content'));
    for (const size of [11, 13]) {
      await assert.rejects(
        collect(opened.store.open({ ...promised, size }), 100),
        (error) => failedOf(error, 'content-mismatch') !== undefined,
      );
    }
    assert.equal(await opened.store.stat(promised.digest), text.length);
  });

  test(`${name}: a source that fails or a signal that fires leaves nothing`, async () => {
    await using opened = await open();
    const { store } = opened;
    async function* breaking() {
      yield Buffer.from('some ');
      throw new Error('broken off');
    }
    await assert.rejects(store.write(breaking(), { expected: promised }), /broken off/);
    const controller = new AbortController();
    async function* aborting() {
      yield Buffer.from('some ');
      controller.abort(new Error('enough'));
      yield Buffer.from('content');
    }
    await assert.rejects(store.write(aborting(), { signal: controller.signal }), /enough/);
    assert.equal(await store.stat(promised.digest), undefined);
  });

  test(`${name}: the same content may be written by many at once`, async () => {
    await using opened = await open();
    const { store } = opened;
    const written = await Promise.all(
      Array.from({ length: 5 }, () => store.write(pieces('some ', 'content'), { expected: promised })),
    );
    for (const each of written) assert.deepEqual(each, promised);
    assert.equal((await collect(store.open(promised), 100)).length, text.length);
  });
}

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
