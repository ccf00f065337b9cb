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

test('a folder that is hidden again and again is gone through once for each layer, and so is what is in it', async (context) => {
  const count = 2000;
  const deep = Array.from({ length: 400 }, (_, i) => 'n/'.repeat(i + 1));
  const layer = (names: readonly string[]) => {
    const tar = pack();
    for (const name of names) tar.entry({ name, type: name.endsWith('/') ? 'directory' : 'file' }, '');
    tar.finalize();
    return tar as AsyncIterable<Uint8Array>;
  };
  const files = Array.from({ length: count }, (_, i) => `wide/${i}`);
  const hiding = Array.from({ length: count }, (_, i) => `wide/${i % 2 ? '.wh..wh..opq' : `own${i}`}`);
  const inner = deep.toReversed().map((folder) => `${folder}.wh..wh..opq`);
  const tree = new LayeredTree();
  await tree.add(0, layer([...files, ...deep]));
  const walks = context.mock.method(Map.prototype, Symbol.iterator);
  await tree.add(1, layer([...hiding, ...inner]));
  const walked = walks.mock.callCount();
  walks.mock.restore();
  assert.ok(walked < 4 * (2 * count + 2 * deep.length), `${walked} folders were gone through`);
  const wide = tree.find(['wide'])!;
  assert.equal(wide.opaqueBy, 1);
  assert.deepEqual(
    [...wide.children.keys()],
    hiding.filter((name) => name.includes('own')).map((name) => name.slice(5)),
  );
  assert.equal(tree.find(['n'])!.children.size, 0);
});
