import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from 'tar-stream';
import { LayeredTree } from './layered-tree.ts';

test('an archive with more paths than there is room for is refused before they are in memory', async () => {
  const layer = () => {
    const tar = pack();
    tar.entry({ name: 'a/b/c' }, 'text');
    tar.finalize();
    return tar as AsyncIterable<Uint8Array>;
  };
  await new LayeredTree(undefined, 3).add(0, layer());
  await assert.rejects(new LayeredTree(undefined, 2).add(0, layer()), /more paths than can be compared/);
  await new LayeredTree(() => false, 0).add(0, layer());
});
