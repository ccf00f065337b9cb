import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { fileBytes } from './file-bytes.ts';

test('files count by what is in them, those with several names once, and nothing else does', async () => {
  await using folder = makeTempFolder();
  const at = (name: string) => join(folder.path, name);
  assert.equal(fileBytes(folder.path), 0);
  mkdirSync(at('a/b'), { recursive: true });
  writeFileSync(at('a/b/one'), 'x'.repeat(5000));
  writeFileSync(at('two'), 'yy');
  linkSync(at('two'), at('a/again'));
  symlinkSync('two', at('link'));
  assert.equal(fileBytes(folder.path), 5002);
  assert.equal(fileBytes(folder.path, { most: 6 }), 5002);
  assert.equal(fileBytes(folder.path, { most: 5 }), undefined, 'six names are more than five');
  assert.equal(fileBytes(at('gone')), 0);
});
