import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytePath } from '../../std/byte-path.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { copyFile } from './copy-file.ts';

const own = { uid: process.getuid!(), gid: process.getgid!() };

for (const [what, bytes] of [
  ['an empty file', 0],
  ['a small file', 1000],
  ['the largest small file', 64 << 10],
  ['a large file', (64 << 10) + 1],
] as const) {
  test(`${what} is copied whole, with the mode that is asked for`, async () => {
    await using temp = makeTempFolder({ prefix: 'copy-file-' });
    const [from, to] = [join(temp.path, 'from'), join(temp.path, 'to')];
    const content = randomBytes(bytes);
    writeFileSync(from, content);
    copyFile(bytePath(from), bytePath(to), { size: bytes, mode: 0o6751, ...own });
    assert.deepEqual(readFileSync(to), content);
    assert.equal(statSync(to).mode & 0o7777, 0o6751);
  });
}

test('a file that grew since it was looked at is copied as it is now', async () => {
  await using temp = makeTempFolder({ prefix: 'copy-file-' });
  const [from, to] = [join(temp.path, 'from'), join(temp.path, 'to')];
  writeFileSync(from, 'longer');
  copyFile(bytePath(from), bytePath(to), { size: 3, mode: 0o644, ...own });
  assert.equal(readFileSync(to, 'utf8'), 'longer');
});

test('nothing is written through a symlink that is in the way', async () => {
  await using temp = makeTempFolder({ prefix: 'copy-file-' });
  const [from, to, outside] = ['from', 'to', 'outside'].map((name) => join(temp.path, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(from, 'x');
  symlinkSync(outside, to);
  assert.throws(() => copyFile(bytePath(from), bytePath(to), { size: 1, mode: 0o644, ...own }), { code: 'EEXIST' });
  assert.equal(existsSync(outside), false);
});
