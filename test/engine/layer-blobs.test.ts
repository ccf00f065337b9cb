// Layers from the kernel's overlayfs to blobs and back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { extract } from 'tar-stream';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import type { Compression } from '../../packages/engine/src/oci/media-type.ts';
import { decompressed } from '../../packages/engine/src/pool/decompress.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { applyLayer } from '../../packages/engine/src/snapshot/apply.ts';
import { freeLayer, diffLayer } from '../../packages/engine/src/snapshot/merge.ts';
import { mounted } from '../../packages/engine/src/snapshot/mounts.ts';
import { openSnapshotter } from '../../packages/engine/src/snapshot/open.ts';
import { packDiff, packLayer } from '../../packages/engine/src/snapshot/pack.ts';
import type { Chain, LayerId } from '../../packages/engine/src/snapshot/snapshotter.ts';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import { makeSpecialFile } from '../../packages/engine/src/sys/mknod.ts';
import { setTimes } from '../../packages/engine/src/sys/utimens.ts';
import { getXattr, setXattr } from '../../packages/engine/src/sys/xattr.ts';
import { change, type Changes, contents } from '../rig/changes.ts';

const scratch = mkdtempSync(join(tmpdir(), 'layer-blobs-'));
const pool = openPool();
const snapshotter = await openSnapshotter(join(scratch, 'layers'), { pool, kind: 'overlay' });
after(async () => {
  await snapshotter[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** A layer over a chain, written through a mount. */
async function layer(chain: Chain, ...steps: (Changes | ((root: string) => void))[]): Promise<LayerId> {
  await using writable = await snapshotter.prepare(chain);
  {
    await using mount = await mounted(writable.mount());
    for (const step of steps) {
      if (typeof step === 'function') step(mount.path);
      else change(mount.path, step);
    }
  }
  return await writable.commit();
}

const folders = (chain: Chain) => chain.map((id) => snapshotter.folder(id)).reverse();

async function pack(id: LayerId, below: Chain, options: { compression?: Compression; epoch?: number } = {}) {
  const output = join(scratch, `${id}.blob`);
  const packed = await pool.run(packLayer, {
    upper: snapshotter.folder(id),
    below: folders(below),
    output,
    compression: options.compression ?? 'uncompressed',
    ...(options.epoch !== undefined && { epoch: options.epoch }),
  });
  assert.equal(packed.digest, digestOf(readFileSync(output)));
  return { ...packed, output };
}

/** The entries of a blob in their order, as tar-stream reads them. */
async function entries(blob: string): Promise<string[]> {
  const parser = extract();
  parser.end(Buffer.concat(await Array.fromAsync(decompressed(createReadStream(blob)))));
  const lines: string[] = [];
  for await (const entry of parser) {
    const { name, type, linkname, size } = entry.header;
    lines.push(
      type === 'directory' ? name : type === 'file' ? `${name} ${size}` : `${name} ${type} ${linkname ?? ''}`.trim(),
    );
    entry.resume();
  }
  return lines;
}

async function changesOf(id: LayerId, below: Chain): Promise<string[]> {
  return entries((await pack(id, below)).output);
}

async function unpack(blob: string, below: Chain): Promise<LayerId> {
  await using writable = await snapshotter.prepare(below, { unpack: true });
  await pool.run(applyLayer, { blob, upper: writable.upper, below: folders(below) });
  return await writable.commit();
}

async function see(chain: Chain) {
  await using mount = await mounted(await snapshotter.view(chain));
  return contents(mount.path);
}

test('folders above a change come once and first; names are in the order of their bytes', async () => {
  const base = await layer([], { a: { deep: { x: '1', y: '2' } }, 'a-b': '', b: '' });
  const upper = await layer([base], { a: { deep: { x: 'changed', é: '' } }, 'a.b': '', Z: '', c: { d: { e: 'e' } } });
  assert.deepEqual(await changesOf(upper, [base]), [
    'Z 0',
    'a/',
    'a/deep/',
    'a/deep/x 7',
    'a/deep/é 0',
    'a.b 0',
    'c/',
    'c/d/',
    'c/d/e 1',
  ]);
});

test('what is gone is a whiteout, a whole folder one', async () => {
  const base = await layer([], { a: { x: '', y: '' }, b: { c: { d: '' } }, '.who': '' });
  const upper = await layer([base], { a: { x: null }, b: null, '.who': null });
  assert.deepEqual(await changesOf(upper, [base]), ['.wh..who 0', 'a/', 'a/.wh.x 0', '.wh.b 0']);
});

test('a folder made again tells what of it is gone, as BuildKit does; one over nothing hides nothing', async () => {
  const base = await layer([], { o: { one: '1', sub: { two: '2' }, kept: '3' } });
  const upper = await layer([base], { o: null }, { o: { three: '3', kept: '3' }, fresh: { inside: '' } });
  assert.deepEqual(await changesOf(upper, [base]), [
    'fresh/',
    'fresh/inside 0',
    'o/',
    'o/kept 1',
    'o/.wh.one 0',
    'o/.wh.sub 0',
    'o/three 1',
  ]);
});

test('a file that became a folder, and a folder that became a file', async () => {
  const base = await layer([], { f: 'f', d: { x: '' } });
  const upper = await layer([base], { f: null, d: null }, { f: { inside: '' }, d: 'now a file' });
  assert.deepEqual(await changesOf(upper, [base]), ['d 10', 'f/', 'f/inside 0']);
  assert.deepEqual(await see([base, upper]), { d: 'now a file', f: { inside: '' } });
});

test('what was written as it was before is no change', async () => {
  const base = await layer([], { same: 'same', touched: 'touched', d: { x: '' } });
  const upper = await layer([base], (root) => {
    for (const name of ['same', 'd']) chownSync(join(root, name), 0, 0);
    utimesSync(join(root, 'touched'), 1, 1);
  });
  assert.deepEqual(await changesOf(upper, [base]), ['touched 7']);
});

test('where times are whole seconds, content decides', async () => {
  const files = ['equal', 'other'].map((name) => (root: string) => utimesSync(join(root, name), 5, 5));
  const base = await layer([], { equal: 'aa', other: 'aa' }, ...files);
  const upper = await layer([base], { equal: 'aa', other: 'bb' }, ...files);
  assert.deepEqual(await changesOf(upper, [base]), ['other 2']);
});

test('names of one file are links to the first; sockets are left out', async () => {
  const base = await layer([], { lower: 'l' });
  const upper = await layer([base], { b: 'b', d: { z: ['link', 'b'] }, a: ['link', 'b'] }, (root) => {
    linkSync(join(root, 'lower'), join(root, 'new'));
    makeSpecialFile(join(root, 'socket'), { kind: 'socket', mode: 0o600 });
    makeSpecialFile(join(root, 'pipe'), { kind: 'fifo', mode: 0o600 });
    makeSpecialFile(join(root, 'zero'), { kind: 'character', mode: 0o600, major: 1, minor: 5 });
  });
  assert.deepEqual(await changesOf(upper, [base]), [
    'a 1',
    'b link a',
    'd/',
    'd/z link a',
    'new 1',
    'pipe fifo',
    'zero character-device',
  ]);
});

test('a folder moved over another is read against the whole of it', async () => {
  const base = await layer([], { old: { a: 'a', b: 'b' }, tree: { b: 'b', c: 'c' } });
  const upper = await layer([base], (root) => {
    rmSync(join(root, 'old'), { recursive: true });
    mkdirSync(join(root, 'new'));
    writeFileSync(join(root, 'new/c'), 'new c');
    renameSync(join(root, 'new'), join(root, 'old'));
  });
  assert.deepEqual(await changesOf(upper, [base]), ['old/', 'old/.wh.a 0', 'old/.wh.b 0', 'old/c 5']);
});

test('a layer unpacks to the tree that it was packed from, whatever the compression', async () => {
  const base = await layer([], { a: { x: 'x', gone: 'gone' }, o: { hidden: 'h' }, s: 's' });
  const upper = await layer(
    [base],
    { a: { gone: null }, o: null, s: ['symlink', '/etc/passwd'] },
    { o: { seen: 's' } },
    (root) => {
      writeFileSync(join(root, 'big'), Buffer.alloc(3_000_000, 'big '));
      writeFileSync(join(root, 'owned'), 'owned', { mode: 0o755 });
      chownSync(join(root, 'owned'), 1000, 2000);
      execFileSync('chmod', ['4711', join(root, 'owned')]);
      setXattr(
        join(root, 'owned'),
        'security.capability',
        Buffer.from('0100000200200000000000000000000000000000', 'hex'),
      );
      linkSync(join(root, 'owned'), join(root, 'alias'));
      setTimes(join(root, 'owned'), { mtime: 1_500_000_000_987_654_321n });
      mkdirSync(join(root, 'sticky'));
      execFileSync('chmod', ['1777', join(root, 'sticky')]);
      setTimes(join(root, 'sticky'), { mtime: 1_400_000_000_000_000_000n });
    },
  );
  for (const compression of ['uncompressed', 'gzip', 'zstd'] as const) {
    const packed = await pack(upper, [base], { compression });
    const again = await unpack(packed.output, [base]);
    assert.deepEqual(await see([base, again]), await see([base, upper]));
    await using mount = await mounted(await snapshotter.view([base, again]));
    const stats = lstatSync(join(mount.path, 'owned'), { bigint: true });
    assert.deepEqual(
      [stats.mode & 0o7777n, stats.uid, stats.gid, stats.mtimeNs, stats.nlink],
      [0o4711n, 1000n, 2000n, 1_500_000_000_000_000_000n, 2n],
    );
    assert.equal(getXattr(join(mount.path, 'owned'), 'security.capability')?.length, 20);
    const sticky = lstatSync(join(mount.path, 'sticky'));
    assert.deepEqual([sticky.mode & 0o7777, sticky.mtimeMs], [0o1777, 1_400_000_000_000]);
    // Packed once more, it is the same to the byte.
    assert.equal((await pack(again, [base])).diffId, packed.diffId);
  }
});

test('no time is later than the epoch, where one is given', async () => {
  const upper = await layer([], { old: 'old', new: 'new' }, (root) => utimesSync(join(root, 'old'), 5, 5));
  const { output } = await pack(upper, [], { epoch: 1000 });
  const parser = extract();
  parser.end(readFileSync(output));
  const times: Record<string, number> = {};
  for await (const entry of parser) {
    times[entry.header.name] = entry.header.mtime!.getTime() / 1000;
    entry.resume();
  }
  assert.deepEqual(times, { new: 1000, old: 5 });
});

test('a layer that is not what its image says is refused', async () => {
  const { output } = await pack(await layer([], { a: 'a' }), []);
  await using writable = await snapshotter.prepare([], { unpack: true });
  const options = { blob: output, upper: writable.upper, below: [] };
  const error = await pool.run(applyLayer, { ...options, diffId: digestOf('other') }).catch((e: unknown) => e);
  assert.equal(failedOf(error, 'layer-mismatch')?.failure.kind, 'layer-mismatch');
});

test('trees of layers that were not made on one another merge as BuildKit merges them', async () => {
  const base = await layer([], { shared: { base: 'base', gone: 'gone' }, file: 'base', kept: 'kept' });
  const one = await layer([base], { shared: { one: 'one' }, fresh: { one: 'one' }, file: 'from one' });
  // Makes `fresh` opaque over nothing, `shared` opaque over the base's, and copies `file` up without a change.
  const two = await layer(
    [base],
    { shared: null, kept: null },
    { shared: { two: 'two' }, fresh: { two: 'two' } },
    (root) => chownSync(join(root, 'file'), 0, 0),
  );
  const free = await freeLayer(snapshotter, two, { below: [base], pool });
  assert.notEqual(free, two);
  assert.deepEqual(await see([base, one, free]), {
    file: 'from one',
    fresh: { one: 'one', two: 'two' },
    shared: { one: 'one', two: 'two' },
  });
  // On its own tree it says the same, and it is the same blob.
  assert.deepEqual(await see([base, free]), await see([base, two]));
  assert.equal((await pack(free, [base])).diffId, (await pack(two, [base])).diffId);
  assert.equal(await freeLayer(snapshotter, free, { below: [base], pool }), free);
  // Its files are the other's, so it takes next to nothing.
  assert.ok((await snapshotter.usage(free)).bytes < 30_000);
  const plain = await layer([base], { file: 'plain' });
  assert.equal(await freeLayer(snapshotter, plain, { below: [base], pool }), plain);
});

test('the difference of any two trees is a layer that makes one of the other', async () => {
  const lower = [await layer([], { a: 'a', d: { x: 'x', y: 'y' }, link: ['symlink', 'a'] })];
  const other = await layer([], { a: 'a', d: { y: 'other', z: 'z' }, l1: 'l', l2: ['link', 'l1'] });
  const upper = [other, await layer([other], { more: 'more' })];
  const diff = await diffLayer(snapshotter, { lower, upper, pool });
  assert.deepEqual(await see([...lower, diff]), await see(upper));
  const output = join(scratch, 'diff.blob');
  await pool.run(packDiff, { lower: folders(lower), upper: folders(upper), output, compression: 'gzip' });
  assert.deepEqual(await entries(output), [
    'a 1',
    'd/',
    'd/.wh.x 0',
    'd/y 5',
    'd/z 1',
    'l1 1',
    'l2 link l1',
    '.wh.link 0',
    'more 4',
  ]);
});

test('what a layer hides that is not below it leaves no name behind, on any tree', async () => {
  const lower = [await layer([], { o: { gone: '1', kept: '2' }, p: { q: { gone: '3' } }, top: '4' })];
  const upper = [...lower, await layer(lower, { o: { gone: null, more: 'm' }, p: { q: { gone: null } }, top: null })];
  const diff = await diffLayer(snapshotter, { lower, upper, pool });
  const made = { o: { more: 'm' }, p: { q: {} } };
  assert.deepEqual(await see([diff]), made);
  assert.deepEqual(await see([await layer([], { x: 'x' }), diff]), { x: 'x', ...made });
  const other = await layer([], { o: { gone: 'elsewhere' }, p: { q: { gone: '3', kept: 'k' } } });
  assert.deepEqual(await see([other, diff]), { o: { more: 'm' }, p: { q: { kept: 'k' } } });
  // Also where it is written on.
  const written = await layer([diff], { o: { gone: 'again' } });
  assert.deepEqual(await see([diff, written]), { o: { gone: 'again', more: 'm' }, p: { q: {} } });
  // What was made for that goes with its layers.
  await snapshotter.remove([diff]);
  assert.deepEqual(await see([other]), { o: { gone: 'elsewhere' }, p: { q: { gone: '3', kept: 'k' } } });
});

test('names that are no UTF-8 survive', async () => {
  const odd = Buffer.from([0x6f, 0xff, 0x80]);
  const upper = await layer([], (root) => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), odd]), 'odd');
    symlinkSync(odd, Buffer.concat([Buffer.from(`${root}/l`), odd]));
  });
  const again = await unpack((await pack(upper, [])).output, []);
  await using mount = await mounted(await snapshotter.view([again]));
  assert.equal(readFileSync(Buffer.concat([Buffer.from(`${mount.path}/l`), odd]), 'utf8'), 'odd');
});
