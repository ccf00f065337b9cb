import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { failedOf } from '../std/failed.ts';
import { encodeHeader, endOfArchive } from './layer-tar.ts';
import { unpackTar } from './plain-tar.ts';

const scratch = mkdtempSync(join(tmpdir(), 'plain-tar-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const from = join(scratch, 'from');
mkdirSync(join(from, 'folder'), { recursive: true });
writeFileSync(join(from, 'folder/file'), 'content'.repeat(100_000));
writeFileSync(join(from, 'tool'), 'x');
execFileSync('chmod', ['4755', join(from, 'tool')]);
execFileSync('chmod', ['1777', join(from, 'folder')]);
execFileSync('mkfifo', [join(from, 'pipe')]);
symlinkSync('/etc/passwd', join(from, 'link'));
execFileSync('touch', ['-h', '-d', '2020-01-02T03:04:05.123456789Z', join(from, 'link'), join(from, 'tool')]);
utimesSync(join(from, 'folder'), 1000, 1000);

let count = 0;

async function unpacked(archive: Buffer): Promise<string> {
  const folder = join(scratch, `to-${count++}`);
  mkdirSync(folder);
  async function* chunks() {
    for (let at = 0; at < archive.length; at += 50_000) yield archive.subarray(at, at + 50_000);
  }
  await unpackTar(chunks(), folder);
  return folder;
}

for (const compression of ['', '--gzip', '--zstd', '--bzip2', '--xz']) {
  test(`unpacks a context ${compression || 'without compression'}, with modes and times as they are`, async () => {
    const options = ['-C', from, '--format=posix', '-c', '.'];
    const to = await unpacked(execFileSync('tar', compression ? [compression, ...options] : options));
    assert.equal(readFileSync(join(to, 'folder/file'), 'utf8'), 'content'.repeat(100_000));
    assert.equal(readlinkSync(join(to, 'link')), '/etc/passwd');
    for (const name of ['folder', 'tool', 'link', 'pipe', 'folder/file']) {
      const { mode, mtimeNs } = lstatSync(join(to, name), { bigint: true });
      const original = lstatSync(join(from, name), { bigint: true });
      assert.deepEqual([mode, mtimeNs], [original.mode, original.mtimeNs], name);
    }
  });
}

test('nothing gets out of the folder', async () => {
  const plain = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0 };
  writeFileSync(join(scratch, 'outside'), 'untouched');
  const climbing = await unpacked(
    Buffer.concat([encodeHeader({ ...plain, type: 'file', name: '../outside' }), endOfArchive]),
  );
  assert.equal(readFileSync(join(climbing, 'outside'), 'utf8'), '');
  assert.equal(readFileSync(join(scratch, 'outside'), 'utf8'), 'untouched');
  const through = Buffer.concat([
    encodeHeader({ ...plain, type: 'symlink', name: 'd', link: '..', mode: 0o777 }),
    encodeHeader({ ...plain, type: 'file', name: 'd/outside' }),
    endOfArchive,
  ]);
  const error = await unpacked(through).catch((e: unknown) => e);
  assert.ok(failedOf(error, 'archive-invalid'), String(error));
  assert.equal(readFileSync(join(scratch, 'outside'), 'utf8'), 'untouched');
});

test('what is no archive, or breaks off, is a failure', async () => {
  const gzip = execFileSync('tar', ['-C', from, '-cz', '.']);
  const xz = execFileSync('tar', ['-C', from, '-cJ', '.']);
  for (const bytes of [
    Buffer.alloc(2048, 'no tar'),
    gzip.subarray(0, gzip.length - 10),
    xz.subarray(0, xz.length - 100),
  ]) {
    const error = await unpacked(bytes).catch((e: unknown) => e);
    assert.ok(failedOf(error, 'archive-invalid'), String(error));
  }
});
