import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeRef } from '../../../../test/rig/fake-ref.ts';
import { makeTempFolder } from '../std/temp.ts';
import { amd64, arm64, exported, image } from './exporter-fixture.ts';

function makeTree(root: string): void {
  mkdirSync(join(root, 'dir/sub'), { recursive: true });
  for (const path of ['dir', 'dir/sub']) chmodSync(join(root, path), 0o755);
  writeFileSync(join(root, 'dir/file'), 'data');
  chmodSync(join(root, 'dir/file'), 0o4750);
  utimesSync(join(root, 'dir/file'), 1_000_000, 1_000_000);
  linkSync(join(root, 'dir/file'), join(root, 'dir/zlink'));
  symlinkSync('../nowhere', join(root, 'dir/sub/sym'));
  utimesSync(join(root, 'dir/sub'), 2_000_000, 2_000_000);
}

test('the local exporter copies files into a folder, replacing links and keeping strangers', async () => {
  await using folder = makeTempFolder();
  const [tree, out] = [join(folder.path, 'tree'), join(folder.path, 'out')];
  makeTree(tree);
  mkdirSync(join(out, 'elsewhere'), { recursive: true });
  writeFileSync(join(out, 'stranger'), 's');
  symlinkSync('elsewhere', join(out, 'dir'));
  const images = [image({ ref: fakeRef([], { path: tree }) })];
  for (let times = 0; times < 2; times++) {
    await exported('local', { images, destination: { kind: 'folder', path: out } });
    assert.equal(readFileSync(join(out, 'dir/file'), 'utf8'), 'data');
    assert.deepEqual(readdirSync(join(out, 'elsewhere')), []);
    assert.equal(statSync(join(out, 'dir/file')).mode & 0o7777, 0o4750);
    assert.equal(statSync(join(out, 'dir/file')).mtimeMs, 1_000_000_000);
    assert.equal(statSync(join(out, 'dir/sub')).mtimeMs, 2_000_000_000);
    assert.equal(statSync(join(out, 'dir/zlink')).ino, statSync(join(out, 'dir/file')).ino);
    assert.equal(readlinkSync(join(out, 'dir/sub/sym')), '../nowhere');
    assert.deepEqual(readdirSync(out).sort(), ['dir', 'elsewhere', 'stranger']);
    assert.deepEqual(readdirSync(join(out, 'dir')).sort(), ['file', 'sub', 'zlink']);
  }
  await exported('local', { images, attrs: { mode: 'delete' }, destination: { kind: 'folder', path: out } });
  assert.deepEqual(readdirSync(out), ['dir']);
});

test('files of several platforms get folders, or may not meet', async () => {
  await using folder = makeTempFolder();
  const [tree, out] = [join(folder.path, 'tree'), join(folder.path, 'out')];
  makeTree(tree);
  const images = [amd64, arm64].map((platform) => image({ platform, ref: fakeRef([], { path: tree }), epoch: 77 }));
  const input = { images, multiPlatform: true, destination: { kind: 'folder', path: out } as const };
  await exported('local', input);
  assert.deepEqual(readdirSync(out), ['linux_amd64', 'linux_arm64']);
  assert.equal(lstatSync(join(out, 'linux_arm64/dir/sub/sym')).mtimeMs, 77_000);
  const flat = exported('local', { ...input, attrs: { 'platform-split': 'false' } });
  await assert.rejects(flat, /cannot overwrite dir\/file from linux\/amd64 with linux\/arm64/);
  assert.ok(existsSync(out));
});

test('the tar exporter keeps modes, links and times', async () => {
  await using folder = makeTempFolder();
  const [tree, path] = [join(folder.path, 'tree'), join(folder.path, 'x.tar')];
  makeTree(tree);
  await exported('tar', { images: [image({ ref: fakeRef([], { path: tree }) })], destination: { kind: 'file', path } });
  const list = execFileSync('tar', ['-tvf', path, '--numeric-owner'], { env: { TZ: 'UTC' } })
    .toString()
    .trim()
    .split('\n');
  assert.deepEqual(
    list
      .map((line) =>
        line
          .replace(/ +/g, ' ')
          .split(' ')
          .filter((_, i) => i !== 3 && i !== 4)
          .join(' '),
      )
      .map((line) => line.replace(/^(drwx\S+ \S+) \d+ /, '$1 ')),
    [
      'drwxr-xr-x 0/0 dir/',
      '-rwsr-x--- 0/0 4 dir/file',
      'drwxr-xr-x 0/0 dir/sub/',
      'lrwxrwxrwx 0/0 0 dir/sub/sym -> ../nowhere',
      'hrwsr-x--- 0/0 0 dir/zlink link to dir/file',
    ],
  );
});
