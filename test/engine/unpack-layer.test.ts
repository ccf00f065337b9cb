// Archives of layers that are odd or hostile.

import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeHeader, endOfArchive, padding, type TarHeader } from '../../packages/engine/src/pool/layer-tar.ts';
import { applyLayerHere, applyTar } from '../../packages/engine/src/snapshot/apply.ts';
import { mounted } from '../../packages/engine/src/snapshot/mounts.ts';
import { Failed, failedOf } from '../../packages/engine/src/std/failed.ts';
import { getXattr } from '../../packages/engine/src/sys/xattr.ts';
import { change, type Changes, contents } from '../rig/changes.ts';
import { writeTree } from '../rig/tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'unpack-layer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Entry = Partial<TarHeader> & { readonly name: string; readonly data?: string };

function archive(...entries: Entry[]): Buffer {
  const parts = entries.flatMap(({ data = '', ...header }) => {
    const type = header.type ?? (header.name.endsWith('/') ? 'folder' : 'file');
    const mode = type === 'folder' ? 0o755 : 0o644;
    const size = Buffer.byteLength(data);
    return [encodeHeader({ type, mode, uid: 0, gid: 0, mtime: 7, ...header, size }), Buffer.from(data), padding(size)];
  });
  return Buffer.concat([...parts, endOfArchive]);
}

let count = 0;

/** A folder that an archive was unpacked into, over layers of these contents, uppermost first; beside it a file to lose. */
async function unpacked(
  entries: Entry[],
  ...layers: Changes[]
): Promise<{ root: string; outside: string; below: string[] }> {
  const home = join(scratch, String(count++));
  const [root, outside] = [join(home, 'upper'), join(home, 'outside')];
  writeTree(home, { upper: {}, outside: 'untouched' });
  const below = layers.map((changes, i) => {
    const folder = join(home, `lower-${i}`);
    change(folder, changes);
    return folder;
  });
  async function* chunks() {
    yield archive(...entries);
  }
  await applyTar(chunks(), { upper: root, below }, { check: () => {} });
  assert.equal(readFileSync(outside, 'utf8'), 'untouched');
  return { root, outside, below };
}

async function refused(entries: Entry[], ...layers: Changes[]): Promise<string> {
  const error = await unpacked(entries, ...layers).then(
    ({ root }) => assert.fail(`unpacked ${JSON.stringify(contents(root))}`),
    (e: unknown) => e,
  );
  const failed = failedOf(error, 'layer-invalid');
  assert.ok(failed, error instanceof Failed ? error.message : String(error));
  return failed.failure.message;
}

const file = (name: string, data = name): Entry => ({ name, data });
const symlink = (name: string, link: string): Entry => ({ name, type: 'symlink', link });
const link = (name: string, target: string): Entry => ({ name, type: 'link', link: target });

test('names that climb or are absolute stay inside', async () => {
  const { root } = await unpacked([file('../outside'), file('/../../up'), file('a/../../b'), file('./c'), file('/d')]);
  assert.deepEqual(contents(root), { outside: '../outside', up: '/../../up', b: 'a/../../b', c: './c', d: '/d' });
});

test('symlinks in the way are followed as if the folder were the root', async () => {
  const { root } = await unpacked([
    symlink('absolute', '/etc'),
    file('absolute/passwd'),
    symlink('climbing', '../../..'),
    file('climbing/climbed'),
    symlink('chain', 'absolute/sub'),
    file('chain/x'),
  ]);
  assert.deepEqual(contents(root), {
    absolute: '-> /etc',
    climbing: '-> ../../..',
    chain: '-> absolute/sub',
    climbed: 'climbing/climbed',
    etc: { passwd: 'absolute/passwd', sub: { x: 'chain/x' } },
  });
});

test('a symlink at the end of a name is replaced, not followed', async () => {
  const { root } = await unpacked([
    symlink('x', '../outside'),
    file('x'),
    symlink('d', '..'),
    { name: 'd/' },
    file('d/y'),
  ]);
  assert.deepEqual(contents(root), { x: 'x', d: { y: 'd/y' } });
});

test('a hard link to what a symlink leads out to is a link to the symlink, or refused', async () => {
  const { root } = await unpacked([symlink('s', '../outside'), link('l', 's')]);
  assert.deepEqual(contents(root), { s: '-> ../outside', l: '-> ../outside' });
  assert.match(await refused([link('l', '../outside')]), /not there/);
  assert.match(await refused([symlink('up', '..'), link('l', 'up/outside')]), /not there/);
  assert.match(await refused([link('l', '/')]), /root/);
  assert.match(await refused([file('l'), link('l', 'l')]), /itself/);
});

test('attributes given to a link to a symlink do not reach through it', async () => {
  const { outside } = await unpacked([symlink('s', '../outside'), { ...link('l', 's'), mode: 0o777, uid: 5 }]);
  const { mode, uid } = lstatSync(outside);
  assert.deepEqual([mode & 0o777, uid], [0o644, 0]);
});

test('symlinks in a circle are refused', async () => {
  assert.match(await refused([symlink('a', 'b'), symlink('b', 'a'), file('a/x')]), /too many symlinks/);
  assert.match(await refused([file('f'), file('f/x')]), /no folder/);
});

test('a folder replaced while its place was known leads nowhere old', async () => {
  const { root } = await unpacked([
    file('d/one'),
    symlink('d', '../..'),
    file('d/two'),
    file('e/f/one'),
    symlink('e', 'other'),
    file('e/f/two'),
  ]);
  assert.deepEqual(contents(root), { d: '-> ../..', two: 'd/two', e: '-> other', other: { f: { two: 'e/f/two' } } });
});

test('whiteouts hide what is below, wherever they stand in the archive', async () => {
  const below = {
    gone: 'gone',
    both: { old: 'old' },
    same: { old: 'old' },
    o: { old: 'old', sub: { x: '' } },
    dir: { old: '' },
  };
  const { root, below: lower } = await unpacked(
    [
      file('.wh.gone', ''),
      file('.wh.absent', ''),
      // Hidden and made again, and the other way round.
      file('.wh.both', ''),
      { name: 'both/' },
      file('both/new'),
      { name: 'same/' },
      file('same/new'),
      file('.wh.same', ''),
      file('o/before'),
      file('o/.wh..wh..opq', ''),
      file('o/after'),
      file('nothing/.wh..wh..opq', ''),
      file('dir/.wh.old', ''),
    ],
    below,
  );
  await using mount = await mounted({ kind: 'overlay', lower: [root, ...lower] });
  assert.deepEqual(contents(mount.path), {
    both: { new: 'both/new' },
    same: { new: 'same/new' },
    o: { before: 'o/before', after: 'o/after' },
    nothing: {},
    dir: {},
  });
  assert.deepEqual(readdirSync(root).includes('absent'), false);
  assert.equal(getXattr(join(root, 'nothing'), 'trusted.overlay.opaque'), undefined);
});

test('an opaque root hides everything below', async () => {
  const { root, below } = await unpacked([file('.wh..wh..opq', ''), file('kept')], {
    a: 'a',
    d: { x: '' },
    kept: 'old',
  });
  await using mount = await mounted({ kind: 'overlay', lower: [root, ...below] });
  assert.deepEqual(contents(mount.path), { kept: 'kept' });
});

test('whiteouts of no name are refused', async () => {
  for (const name of ['.wh.', '.wh..', '.wh...', 'd/.wh...']) {
    assert.match(await refused([file(name, '')], { d: { x: '' } }), /hides nothing/);
  }
});

test('a layer at the bottom has nothing to hide', async () => {
  const { root } = await unpacked([file('.wh.x', ''), file('d/.wh..wh..opq', ''), file('d/y')]);
  assert.deepEqual(contents(root), { d: { y: 'd/y' } });
});

test("overlayfs's own mark in an archive is a whiteout like any other", async () => {
  const device: Entry = { name: 'x', type: 'character', major: 0, minor: 0 };
  assert.deepEqual(contents((await unpacked([device], { x: 'x' })).root), { x: 'char 0' });
  assert.deepEqual(contents((await unpacked([device])).root), {});
});

test('folders that an archive takes for granted look as they do below', async () => {
  const { root } = await unpacked([file('tmp/x'), file('new/y')], { other: '' }, { tmp: ['mode', 0o1777, {}] });
  assert.equal(lstatSync(join(root, 'tmp')).mode & 0o7777, 0o1777);
  assert.equal(lstatSync(join(root, 'new')).mode & 0o7777, 0o755);
});

test('a link to a file of a layer below brings a copy along', async () => {
  const { root, below } = await unpacked([link('again', 'd/file')], {}, { d: { file: 'content' } });
  assert.deepEqual(contents(root), { again: 'content', d: { file: 'content' } });
  assert.equal(lstatSync(join(root, 'again')).nlink, 2);
  assert.equal(lstatSync(join(below[1]!, 'd/file')).nlink, 1);
});

test('marks that only the engine may set are not taken from archives', async () => {
  const xattrs = { 'trusted.overlay.opaque': 'y', 'user.overlay.opaque': 'y', 'user.fine': 'yes' };
  const { root } = await unpacked([
    { name: 'd/', xattrs },
    { name: 'p', type: 'fifo', xattrs },
  ]);
  assert.equal(getXattr(join(root, 'd'), 'trusted.overlay.opaque'), undefined);
  assert.equal(getXattr(join(root, 'd'), 'user.overlay.opaque'), undefined);
  assert.equal(getXattr(join(root, 'd'), 'user.fine')?.toString(), 'yes');
});

test('the root is no entry, times before the epoch are the epoch, later entries win', async () => {
  const { root } = await unpacked([
    { name: './', mode: 0o700 },
    { name: 'early', mtime: -5, data: '' },
    file('twice', 'one'),
    file('twice', 'two'),
    { name: 'folder/' },
    file('folder/x'),
    file('folder', 'a file'),
  ]);
  assert.equal(lstatSync(root).mode & 0o777, 0o755);
  assert.equal(lstatSync(join(root, 'early')).mtimeMs, 0);
  assert.deepEqual(contents(root), { early: '', twice: 'two', folder: 'a file' });
});

test('an unpacking that is aborted stops', async () => {
  const blob = join(scratch, 'blob');
  writeFileSync(blob, archive(...Array.from({ length: 100 }, (_, i) => file(`f${i}`))));
  const upper = join(scratch, 'aborted');
  mkdirSync(upper);
  let asked = 0;
  const check = () => {
    if (++asked > 10) throw new Error('stopped');
  };
  const { signal } = new AbortController();
  const options = { blob, upper, below: [] };
  await assert.rejects(applyLayerHere(options, { signal, check }), /stopped/);
  assert.ok(readdirSync(upper).length < 20);
});
