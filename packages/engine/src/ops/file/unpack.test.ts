import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeHeader, endOfArchive, padding, type TarHeader } from '../../pool/layer-tar.ts';
import { bytePath } from '../../std/byte-path.ts';
import { failedOf } from '../../std/failed.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { setTimes } from '../../sys/utimens.ts';
import { isArchive } from './archive.ts';
import { unpack } from './unpack.ts';

type Entry = Partial<TarHeader> & Pick<TarHeader, 'name'> & { readonly content?: string };

function tar(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ content = '', ...header }) => {
    const size = content.length;
    const whole = { type: 'file' as const, mode: 0o644, uid: 0, gid: 0, mtime: 1_000_000_000, ...header, size };
    return [encodeHeader(whole), Buffer.from(content), padding(size)];
  });
  return Buffer.concat([...parts, endOfArchive]);
}

const signal = new AbortController().signal;

async function withFolder(
  body: (rig: {
    readonly root: string;
    put(entries: readonly Entry[], owner?: { uid: number; gid: number }): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await using folder = makeTempFolder();
  const root = join(folder.path, 'root');
  mkdirSync(root);
  chmodSync(root, 0o755);
  writeFileSync(join(folder.path, 'outside'), 'untouched');
  await body({
    root,
    async put(entries, owner) {
      const archive = join(folder.path, 'archive');
      writeFileSync(archive, tar(entries));
      await unpack(bytePath(archive), bytePath(root), {
        owner,
        folders: { mode: 0o755, time: 1n, owner: { uid: 0, gid: 0 } },
        signal,
      });
    },
  });
  assert.equal(readFileSync(join(folder.path, 'outside'), 'utf8'), 'untouched');
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name !== 'archive'),
    ['outside', 'root'],
  );
}

test('entries keep what the archive says of them', async () => {
  await withFolder(async ({ root, put }) => {
    await put([
      { name: 'd/', type: 'folder', mode: 0o1770, uid: 3, gid: 4, mtime: 5 },
      { name: 'd/su', content: 'x', mode: 0o4755, uid: 5, gid: 6 },
      { name: 'd/hard', type: 'link', link: 'd/su', mode: 0o4755, uid: 5, gid: 6 },
      { name: 'soft', type: 'symlink', link: '/anywhere', uid: 7, gid: 8, mtime: 9 },
      { name: 'pipe', type: 'fifo' },
      { name: 'null', type: 'character', major: 1, minor: 3 },
      { name: 'implied/deep/f', content: 'y' },
    ]);
    const stats = (path: string) => lstatSync(join(root, path), { bigint: true });
    assert.deepEqual(
      [stats('d').mode & 0o7777n, stats('d').uid, stats('d').gid, stats('d').mtimeNs],
      [0o1770n, 3n, 4n, 5_000_000_000n],
    );
    assert.deepEqual(
      [stats('d/su').mode & 0o7777n, stats('d/su').uid, stats('d/su').mtimeNs],
      [0o4755n, 5n, 10n ** 18n],
    );
    assert.equal(stats('d/hard').ino, stats('d/su').ino);
    assert.deepEqual(
      [readlinkSync(join(root, 'soft')), stats('soft').uid, stats('soft').mtimeNs],
      ['/anywhere', 7n, 9_000_000_000n],
    );
    assert.equal(stats('pipe').isFIFO(), true);
    assert.equal(stats('null').rdev, 0x103n);
    assert.deepEqual([stats('implied').mtimeNs, stats('implied/deep').mode & 0o7777n], [1n, 0o755n]);
    await put([{ name: 'owned', uid: 1, gid: 1 }], { uid: 42, gid: 43 });
    assert.deepEqual([stats('owned').uid, stats('owned').gid], [42n, 43n]);
  });
});

test('an archive never writes outside of the folder it is unpacked into', async () => {
  await withFolder(async ({ root, put }) => {
    symlinkSync('..', join(root, 'up'));
    symlinkSync('/', join(root, 'slash'));
    await put([
      { name: '/absolute', content: '1' },
      { name: 'up/outside', content: '2' },
      { name: 'slash/outside2', content: '3' },
      { name: 'evil', type: 'symlink', link: '../../..' },
      { name: 'evil/outside3', content: '4' },
    ]);
    assert.deepEqual(readdirSync(root).sort(), ['absolute', 'evil', 'outside', 'outside2', 'outside3', 'slash', 'up']);
    const malformed = (error: unknown) => failedOf(error, 'archive-malformed') !== undefined;
    for (const name of ['../outside', '..', 'a/../../outside'])
      await assert.rejects(put([{ name, content: 'x' }]), malformed, name);
    for (const link of ['../outside', 'missing'])
      await assert.rejects(put([{ name: 'h', type: 'link', link }]), malformed, link);
  });
});

test('folders merge, and everything else is replaced by what comes', async () => {
  await withFolder(async ({ root, put }) => {
    mkdirSync(join(root, 'd/keep'), { recursive: true });
    mkdirSync(join(root, 'gone/full'), { recursive: true });
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    writeFileSync(join(root, 'f'), 'a long old text');
    setTimes(join(root, 'd/keep'), { mtime: 7n });
    await put([
      { name: 'd/', type: 'folder', mode: 0o700 },
      { name: 'd/keep/new', content: 'n' },
      { name: 'gone', content: 'file' },
      { name: 'link/', type: 'folder', mode: 0o755 },
      { name: 'link/in', content: 'i' },
      { name: 'f', content: 'new' },
      { name: './', type: 'folder', mode: 0o700 },
    ]);
    assert.equal(readFileSync(join(root, 'f'), 'utf8'), 'new');
    assert.equal(readFileSync(join(root, 'gone'), 'utf8'), 'file');
    assert.deepEqual([readdirSync(join(root, 'link')), readdirSync(join(root, 'real'))], [['in'], []]);
    assert.equal(lstatSync(join(root, 'd')).mode & 0o777, 0o700);
    assert.equal(lstatSync(join(root, 'd/keep'), { bigint: true }).mtimeNs, 7n);
    assert.equal(lstatSync(root).mode & 0o777, 0o755);
  });
});

test('an archive is told by its bytes, however it is compressed and called', async () => {
  await using folder = makeTempFolder();
  const plain = join(folder.path, 'plain');
  writeFileSync(plain, tar([{ name: 'f', content: 'x' }]));
  for (const program of ['gzip', 'bzip2', 'xz', 'zstd']) {
    const { stdout, status } = spawnSync(program, ['-c', plain]);
    assert.equal(status, 0, program);
    writeFileSync(join(folder.path, program), stdout);
    assert.equal(await isArchive(bytePath(join(folder.path, program)), signal), true, program);
    writeFileSync(join(folder.path, 'text'), spawnSync(program, ['-c'], { input: 'no archive' }).stdout);
    assert.equal(await isArchive(bytePath(join(folder.path, 'text')), signal), false, `text by ${program}`);
    writeFileSync(join(folder.path, 'cut'), stdout.subarray(0, 12));
    assert.equal(await isArchive(bytePath(join(folder.path, 'cut')), signal), false, `cut ${program}`);
  }
  assert.equal(await isArchive(bytePath(plain), signal), true);
  for (const content of ['', 'x', 'text\n'.repeat(300), Buffer.alloc(2048)]) {
    writeFileSync(join(folder.path, 'other'), content);
    assert.equal(await isArchive(bytePath(join(folder.path, 'other')), signal), false);
  }
});
