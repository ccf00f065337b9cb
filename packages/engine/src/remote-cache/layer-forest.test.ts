import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerBlob } from '../cache/ref.ts';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { LayerForest } from './layer-forest.ts';

function layer(name: string): LayerBlob {
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(name), size: 1 };
  return { descriptor, diffId: digestOf(`tar ${name}`), compression: 'gzip', provider: { open: () => assert.fail() } };
}

const [a, b, c] = [layer('a'), layer('b'), layer('c')];

test('chains share what they have in common, and a blob may lie in several', () => {
  const forest = new LayerForest();
  const names = [
    [a, b],
    [a, b, c],
    [b, c],
    [a, b],
  ].map((chain) => forest.add(chain));
  assert.equal(names[0], names[3]);
  const { layers, places } = forest.sorted();
  assert.equal(layers.length, 5);
  const chainOf = (name: string) => {
    const chain = [];
    for (let at = places.get(name); at !== undefined; at = layers[at]!.parent) chain.unshift(layers[at]!.blob);
    return chain;
  };
  assert.deepEqual(
    names.slice(0, 3).map(chainOf),
    [
      [a, b],
      [a, b, c],
      [b, c],
    ].map((chain) => chain.map(({ descriptor }) => descriptor.digest)),
  );
  assert.equal(forest.blobs().length, 3);
});

test('the order depends on what there is, not on how it came', () => {
  const [one, other] = [new LayerForest(), new LayerForest()];
  const chains = [[a], [b, c], [a, b, c]];
  for (const chain of chains) one.add(chain);
  for (const chain of chains.toReversed()) other.add(chain);
  assert.deepEqual(one.sorted().layers, other.sorted().layers);
  assert.deepEqual(one.blobs(), other.blobs());
});
