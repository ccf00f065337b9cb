import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { openRig, pieces } from './cache-fixture.ts';

test('images are kept under normalised names, one a name', async () => {
  await using rig = await openRig();
  {
    await using cache = await rig.open();
    const image = async (text: string) => ({
      mediaType: mediaTypes.ociManifest,
      ...(await cache.content.write(pieces(Buffer.from(text)))),
    });
    const [a, b] = [await image('a'), await image('b')];
    await cache.images.put('app', a);
    await cache.images.put('docker.io/library/app:latest', b);
    await cache.images.put('registry.test:5000/x/y:v1', a);
    assert.deepEqual(cache.images.get('app:latest')?.descriptor, b);
    assert.throws(() => cache.images.get('UPPER'), TypeError);
    const nowhere = { ...a, digest: digestOf('nowhere') };
    await assert.rejects(cache.images.put('nowhere', nowhere), /is not in the store/);
  }
  await using cache = await rig.open();
  assert.deepEqual(
    [...cache.images.list()].map(({ name }) => name),
    ['docker.io/library/app:latest', 'registry.test:5000/x/y:v1'],
  );
  assert.equal(await cache.images.remove('app'), true);
  assert.equal(await cache.images.remove('app'), false);
  assert.equal(cache.images.get('app'), undefined);
});
