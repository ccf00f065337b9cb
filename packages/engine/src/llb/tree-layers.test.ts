import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy } from './file-actions.ts';
import { mergeDefinitions } from './graph.ts';
import { merge } from './merge-node.ts';
import { image } from './sources.ts';
import { scratch, type State } from './state.ts';
import { treeLayers } from './tree-layers.ts';

const named = (customName: string) => ({ customName });
const base = image('busybox', named('base'));

async function layersOf(state: State): Promise<readonly string[]> {
  const platform = { os: 'linux', architecture: 'amd64' };
  const definition = await state.marshal({ platform, localUniqueId: 'x' });
  const { roots } = mergeDefinitions([{ definition, folder: () => undefined }]);
  return [...treeLayers(roots[0]!)].map(({ name }) => name).sort();
}

test('a tree is made of what was written one on the other, not of what was read for it', async () => {
  const read = image('alpine', named('read')).run('make', named('make'));
  const written = base
    .run('first', named('first'))
    .file(copy(read, '/a', '/a').copy(read, '/b', '/b'), named('copied'));
  assert.deepEqual(await layersOf(written), ['base', 'copied', 'first']);
  const linked = scratch().file(copy(read, '/a', '/b'), named('linked'));
  assert.deepEqual(await layersOf(merge([written, linked], named('merged'))), [
    'base',
    'copied',
    'first',
    'linked',
    'merged',
  ]);
});
