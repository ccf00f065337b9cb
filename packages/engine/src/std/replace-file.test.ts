import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from './replace-file.ts';
import { makeTempFolder } from './temp.ts';

test('a file is replaced for its user alone, and one that cannot be leaves nothing', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'file');
  replaceFile(path, 'old');
  replaceFile(path, Buffer.from('new'));
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  mkdirSync(join(folder.path, 'taken/by'), { recursive: true });
  assert.throws(() => replaceFile(join(folder.path, 'taken'), ''));
  assert.deepEqual(readdirSync(folder.path).toSorted(), ['file', 'taken']);
});
