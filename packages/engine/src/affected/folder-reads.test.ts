import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mergeDefinitions } from '../llb/graph.ts';
import * as llb from '../llb/llb.ts';
import { makeTempFolder } from '../std/temp.ts';
import { folderReads } from './folder-reads.ts';

test('a link in a folder that is copied by patterns counts with all that it leads to', async () => {
  await using folder = makeTempFolder();
  mkdirSync(join(folder.path, 'src'));
  writeFileSync(join(folder.path, 'src/x'), '');
  symlinkSync('src', join(folder.path, 'link'));
  const reads = async (patterns: { readonly include?: readonly string[]; readonly exclude?: readonly string[] }) => {
    const state = llb.scratch().copy(llb.local('context'), '/', '/all', {
      dirContentsOnly: true,
      followSymlinks: true,
      ...patterns,
    });
    const graph = mergeDefinitions([{ definition: await state.marshal(), folder: () => folder.path }]);
    const [read] = folderReads(graph);
    return read!;
  };
  const { selects, follows } = await reads({ exclude: ['**/x', 'docs'] });
  assert.deepEqual(
    ['a', 'docs/a', 'y/x', 'src/x', 'link'].map((path) => selects(path)),
    [true, false, false, true, true],
  );
  assert.deepEqual(
    ['link', 'src/x'].map((path) => follows(path)),
    [true, false],
  );
  assert.equal((await reads({})).follows('link'), false, 'it is copied as it is');
  const others = await reads({ include: ['docs', 'a'] });
  assert.deepEqual(
    ['a', 'docs/a', 'src/x', 'link'].map((path) => others.selects(path)),
    [true, true, false, false],
    'a link that the patterns leave out',
  );
  assert.equal(others.follows('link'), false);
});
