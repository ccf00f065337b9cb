import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerBlob } from '../cache/ref.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { inlineRecords, readInline } from './inline.ts';

/** A layer by the name of what is in it, compressed in one way or another. */
function layer(name: string, how = 'gzip'): LayerBlob {
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(`${how} ${name}`), size: 1 };
  return { descriptor, diffId: digestOf(name), compression: 'gzip', provider: { open: () => assert.fail() } };
}

const [a, b, c] = [layer('a'), layer('b'), layer('c')];
const digests = ['one', 'two', 'three'].map(digestOf) as [Digest, Digest, Digest];

/** Three records without inputs, each with a result of these layers. */
function collected(...chains: readonly (readonly LayerBlob[])[]) {
  const layers = chains.flatMap((chain) => chain.map(({ descriptor }) => ({ blob: descriptor.digest })));
  let next = 0;
  const records = chains.map((chain, i) => ({
    digest: digests[i]!,
    inputs: [],
    results: [{ layers: chain.map(() => next++), createdAt: Date.UTC(2024, 0, 1) }],
  }));
  return { config: { layers, records }, blobs: [a, b, c, layer('a', 'zstd')] };
}

const createdAt = '2024-01-01T00:00:00Z';

test("results of the image's own layers go into its config, by their places", () => {
  const cache = collected([a], [a, b], [b, a]);
  assert.deepEqual(JSON.parse(String(inlineRecords(cache, [a, b]))), [
    { digest: digests[0], layers: [{ layer: 0, createdAt }] },
    { digest: digests[1], layers: [{ layer: 1, createdAt }] },
    // These lie on each other in another order than in the image.
    { digest: digests[2], chains: [{ layers: [1, 0], createdAt }] },
  ]);
});

test('results with other layers are left out, and nothing is written for nothing', () => {
  assert.deepEqual(JSON.parse(String(inlineRecords(collected([c], [a, c], [a]), [a, b]))), [
    { digest: digests[0] },
    { digest: digests[1] },
    { digest: digests[2], layers: [{ layer: 0, createdAt }] },
  ]);
  assert.equal(inlineRecords(collected([c]), [a, b]), undefined);
});

test('a layer that is compressed in another way is the same', () => {
  const [record] = JSON.parse(String(inlineRecords(collected([layer('a', 'zstd')]), [a])));
  assert.deepEqual(record, { digest: digests[0], layers: [{ layer: 0, createdAt }] });
});

test('what is read is what was written, with what the config says of the layers', () => {
  const records = inlineRecords(collected([a], [a, b]), [a, b])!;
  const image = {
    rootfs: { diff_ids: [a.diffId, b.diffId] },
    history: [{ created: createdAt }, { empty_layer: true }, { created: '2024-02-01T00:00:00Z' }],
    'moby.buildkit.cache.v0': records.toString('base64'),
  };
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf('config'), size: 1 };
  const manifest = { schemaVersion: 2, config: descriptor, layers: [a.descriptor, b.descriptor] } as const;
  const { config, blobs } = readInline(manifest, Buffer.from(JSON.stringify(image)))!;
  assert.deepEqual(
    config.records.map(({ results }) => results[0]!.layers),
    [[0], [0, 1]],
  );
  assert.deepEqual(blobs.get(b.descriptor.digest)!.annotations, {
    'containerd.io/uncompressed': b.diffId,
    'buildkit/createdat': '2024-02-01T00:00:00Z',
  });
  const others = [{}, { ...image, rootfs: { diff_ids: [a.diffId] } }, { ...image, 'moby.buildkit.cache.v0': 7 }, null];
  for (const other of others) assert.equal(readInline(manifest, Buffer.from(JSON.stringify(other))), undefined);
  assert.equal(readInline(manifest, Buffer.from('no JSON')), undefined);
});
