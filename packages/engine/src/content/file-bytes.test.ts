import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { fileBytes } from './file-bytes.ts';

test('a large file comes whole, and its pieces don’t gather in memory', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'large');
  const bytes = randomBytes(100 << 20);
  writeFileSync(path, bytes);
  const [wanted, got] = [createHash('sha256').update(bytes).digest('hex'), createHash('sha256')];
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for await (const piece of fileBytes(path)) {
    got.update(piece);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.equal(got.digest('hex'), wanted);
  assert.ok(most < 40 << 20, `${most} bytes at once`);
});

test('an abort ends it', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, 'some bytes');
  const stop = new AbortController();
  const bytes = fileBytes(path, stop);
  await bytes.next();
  stop.abort(new Error('enough'));
  await assert.rejects(bytes.next(), /enough/);
});
