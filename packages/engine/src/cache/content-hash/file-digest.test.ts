import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { bytePath } from '../../std/byte-path.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { fileDigest } from './file-digest.ts';

test('a file of any size counts with what stands before it', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'f');
  const head = Buffer.from('head');
  for (const size of [0, 1, (1 << 20) - 5, (1 << 20) - 4, 1 << 20, (1 << 21) - 4, 5_000_001]) {
    const content = Buffer.alloc(size, 'content');
    writeFileSync(path, content);
    assert.deepEqual(fileDigest(bytePath(path), head), { digest: digestOf(Buffer.concat([head, content])), size });
  }
});

test('reading can be stopped or refused, and follows no symlink', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'f');
  writeFileSync(path, Buffer.alloc(3 << 20));
  symlinkSync(path, join(folder.path, 'link'));
  let checks = 0;
  const check = () => {
    if (++checks === 2) throw new Error('stopped');
  };
  assert.throws(() => fileDigest(bytePath(path), Buffer.alloc(0), { check }), /stopped/);
  const verify = () => {
    throw new Error('refused');
  };
  assert.throws(() => fileDigest(bytePath(path), Buffer.alloc(0), { verify }), /refused/);
  assert.throws(() => fileDigest(bytePath(join(folder.path, 'link')), Buffer.alloc(0)), /ELOOP/);
});
