import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { extract } from 'tar-stream';
import { bytePath } from '../std/byte-path.ts';
import { type TarHeader, encodeHeader, endOfArchive, padding } from './layer-tar.ts';

const plain: TarHeader = { type: 'file', name: 'a/b', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 1 };

/** What tar-stream reads of the headers; each is without content. */
async function read(...headers: TarHeader[]): Promise<Record<string, unknown>[]> {
  const parser = extract();
  parser.end(Buffer.concat([...headers.map(encodeHeader), endOfArchive]));
  const entries: Record<string, unknown>[] = [];
  for await (const entry of parser) {
    entries.push({ ...entry.header });
    entry.resume();
  }
  return entries;
}

test('an empty archive is the empty layer that the whole world knows', () => {
  assert.equal(
    createHash('sha256').update(endOfArchive).digest('hex'),
    '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
  );
});

test('a header is USTAR, byte for byte', () => {
  const header = encodeHeader({ ...plain, mode: 0o4755, uid: 10, gid: 20, size: 5, mtime: 1_700_000_000 });
  assert.equal(header.length, 512);
  const text = header.toString('latin1').replaceAll('\0', '.');
  assert.equal(text.slice(0, 4), 'a/b.');
  assert.equal(text.slice(100, 157), '0004755.0000012.0000024.00000000005.14524770400.' + text.slice(148, 156) + '0');
  assert.match(text.slice(148, 156), /^[0-7]{6}\. $/);
  assert.equal(text.slice(257, 345), 'ustar.00' + '.'.repeat(64) + '0000000.0000000.');
});

test('GNU tar lists what is written', () => {
  const archive = Buffer.concat([
    encodeHeader({ ...plain, type: 'folder', name: 'a/', mode: 0o1777 }),
    encodeHeader({ ...plain, size: 3, uid: 3_000_000, xattrs: { 'security.capability': '\x01\x00\x00\x02' } }),
    Buffer.from('abc'),
    padding(3),
    encodeHeader({ ...plain, type: 'link', name: 'a/c', link: 'a/b' }),
    encodeHeader({ ...plain, type: 'symlink', name: 'a/d', mode: 0o777, link: '../x'.repeat(60) }),
    encodeHeader({ ...plain, type: 'character', name: 'a/null', major: 1, minor: 3 }),
    encodeHeader({ ...plain, name: bytePath(`a/${'ü'.repeat(80)}`) }),
    endOfArchive,
  ]);
  const { stdout, stderr, status } = spawnSync('tar', ['-tv', '--numeric-owner', '--utc'], {
    input: archive,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 a/',
      '-rw-r--r-- 3000000/0 3 1970-01-01 00:00 a/b',
      'hrw-r--r-- 0/0 0 1970-01-01 00:00 a/c link to a/b',
      `lrwxrwxrwx 0/0 0 1970-01-01 00:00 a/d -> ${'../x'.repeat(60)}`,
      'crw-r--r-- 0/0 1,3 1970-01-01 00:00 a/null',
      `-rw-r--r-- 0/0 0 1970-01-01 00:00 a/${'ü'.repeat(80)}`,
    ],
  );
});

test("a long name is split at a slash where USTAR's two fields hold it, and needs a record where they do not", async () => {
  const folder = 'f'.repeat(60);
  const cases: readonly (readonly [name: string, blocks: number])[] = [
    ['x'.repeat(100), 1],
    ['x'.repeat(101), 3],
    [`${folder}/${'x'.repeat(100)}`, 1],
    [`${folder}/${'x'.repeat(101)}`, 3],
    [`${folder}/${folder}/${'x'.repeat(99)}`, 1],
    [`${'p'.repeat(155)}/${'x'.repeat(100)}`, 1],
    [`${'p'.repeat(156)}/x`, 3],
    [`/${'x'.repeat(100)}`, 3],
    [`${folder}/é${'x'.repeat(60)}`, 3],
  ];
  for (const [name, blocks] of cases) {
    const header = encodeHeader({ ...plain, name: bytePath(name) });
    assert.equal(header.length, blocks * 512, name);
    const [entry] = await read({ ...plain, name: bytePath(name) });
    assert.equal(entry?.name, name);
  }
});

test("a folder's slash does not count where its name is split", async () => {
  const name = `${'p'.repeat(50)}/${'q'.repeat(60)}/`;
  assert.equal(encodeHeader({ ...plain, type: 'folder', name }).length, 512);
  const [entry] = await read({ ...plain, type: 'folder', name });
  assert.equal(entry?.name, name);
});

test('where one record is needed, a name that could be split has one, too', async () => {
  const name = `${'f'.repeat(60)}/${'x'.repeat(90)}`;
  const [entry] = await read({ ...plain, name, uid: 0o10000000 });
  assert.deepEqual(entry?.pax, { path: name, uid: '2097152' });
});

test('numbers that octal fields do not hold go into records', async () => {
  const [early, , large] = await read(
    { ...plain, mtime: -5 },
    { ...plain, gid: 0o7777777 },
    { ...plain, gid: 0o10000000, mtime: 8 ** 11 },
  );
  assert.deepEqual(early?.pax, { mtime: '-5' });
  assert.deepEqual(large?.pax, { gid: '2097152', mtime: '8589934592' });
});

test('records are sorted and count their own length', () => {
  const header = encodeHeader({ ...plain, uid: 2 ** 30, xattrs: { 'user.b': 'x'.repeat(80), 'user.a': '' } });
  const data = header.toString('latin1', 512, 1024).replace(/\0+$/, '');
  assert.equal(data, `24 SCHILY.xattr.user.a=\n105 SCHILY.xattr.user.b=${'x'.repeat(80)}\n18 uid=1073741824\n`);
  assert.equal(header.toString('latin1', 0, 16), 'a/PaxHeaders.0/b');
});
