import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { mounted, overlayInOnePage, unmountNow } from '../../packages/engine/src/snapshot/mounts.ts';
import { openSnapshotter } from '../../packages/engine/src/snapshot/open.ts';
import type { Chain, LayerId, Snapshotter } from '../../packages/engine/src/snapshot/snapshotter.ts';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import { type Changes, type Contents, change, contents } from '../rig/changes.ts';

const scratch = mkdtempSync(join(tmpdir(), 'snapshotter-'));
const pool = openPool();
after(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

testSnapshotter('overlay');
testSnapshotter('native');

/** What every snapshotter does. */
function testSnapshotter(kind: Snapshotter['kind']): void {
  const open = (name: string) => openSnapshotter(join(scratch, `${kind}-${name}`), { pool, kind });

  suite(`the ${kind} snapshotter`, () => {
    test('stacks layers: what is written, changed and removed in one is so in those above', async () => {
      await using snapshotter = await open('stack');
      const one = await layer(snapshotter, [], { a: 'a', folder: { x: 'x', y: 'y' }, gone: { deep: 'deep' } });
      const two = await layer(snapshotter, [one], { a: 'changed', folder: { x: null, z: 'z' }, gone: null });
      const three = await layer(snapshotter, [one, two], { gone: { fresh: 'fresh' }, link: ['symlink', '/a'] });
      assert.deepEqual(await treeOf(snapshotter, []), {});
      assert.deepEqual(await treeOf(snapshotter, [one]), {
        a: 'a',
        folder: { x: 'x', y: 'y' },
        gone: { deep: 'deep' },
      });
      assert.deepEqual(await treeOf(snapshotter, [one, two]), { a: 'changed', folder: { y: 'y', z: 'z' } });
      assert.deepEqual(await treeOf(snapshotter, [one, two, three]), {
        a: 'changed',
        folder: { y: 'y', z: 'z' },
        gone: { fresh: 'fresh' },
        link: '-> /a',
      });
    });

    test('keeps of a layer only what changed', async () => {
      await using snapshotter = await open('changes');
      const one = await layer(snapshotter, [], { kept: 'kept', folder: { kept: 'kept', gone: 'gone' } });
      const two = await layer(snapshotter, [one], { folder: { gone: null, more: 'more' } });
      assert.deepEqual(contents(snapshotter.folder(two)), { folder: { gone: 'char 0', more: 'more' } });
    });

    test('shows committed trees read-only', async () => {
      await using snapshotter = await open('readonly');
      const one = await layer(snapshotter, [], { a: 'a' });
      const two = await layer(snapshotter, [one], { b: 'b' });
      for (const chain of [[], [one], [one, two]]) {
        await using mount = await mounted(await snapshotter.view(chain));
        assert.throws(() => writeFileSync(join(mount.path, 'new'), ''), { code: 'EROFS' });
      }
    });

    test('leaves nothing of a layer that is not committed, and shows none before it is', async () => {
      const root = join(scratch, `${kind}-dropped`);
      await using snapshotter = await openSnapshotter(root, { pool, kind });
      const ids = () => readdirSync(root).filter((name) => !name.includes('.') && name !== 'overlay-works');
      {
        await using writable = await snapshotter.prepare([]);
        await using mount = await mounted(writable.mount());
        change(mount.path, { a: 'a' });
        assert.deepEqual(ids(), []);
      }
      assert.deepEqual(
        readdirSync(root).filter((name) => name.includes('.new.')),
        [],
      );
    });

    test('removes layers, also twice', async () => {
      await using snapshotter = await open('remove');
      const one = await layer(snapshotter, [], { a: 'a' });
      const two = await layer(snapshotter, [one], { b: 'b' });
      await treeOf(snapshotter, [one, two]);
      await snapshotter.remove([two]);
      await snapshotter.remove([two]);
      assert.equal(existsSync(snapshotter.folder(two)), false);
      assert.deepEqual(await treeOf(snapshotter, [one]), { a: 'a' });
    });

    test('counts what a layer takes on disk, links once', async () => {
      await using snapshotter = await open('usage');
      const one = await layer(snapshotter, [], { big: 'x'.repeat(100_000), other: ['link', 'big'] });
      const { bytes, inodes } = await snapshotter.usage(one);
      assert.equal(inodes, 2);
      assert.ok(bytes >= 100_000 && bytes < 200_000, `${bytes} bytes`);
    });

    test('keeps what a root folder is like', async () => {
      await using snapshotter = await open('root');
      const one = await layer(snapshotter, [], { '.': ['mode', 0o1777, {}], a: 'a' });
      const two = await layer(snapshotter, [one], { b: 'b' });
      await using mount = await mounted(await snapshotter.view([one, two]));
      assert.equal(lstatSync(mount.path).mode & 0o7777, 0o1777);
    });

    test('stacks 120 layers', async () => {
      await using snapshotter = await open('deep');
      const chain: LayerId[] = [];
      for (let i = 0; i < 120; i++) {
        await using writable = await snapshotter.prepare(chain, { unpack: true });
        writeFileSync(join(writable.upper, `file-${i}`), `${i}`);
        chain.push(await writable.commit());
      }
      chain.push(await layer(snapshotter, chain, { 'file-7': null, 'file-8': 'changed' }));
      const tree = await treeOf(snapshotter, chain);
      assert.equal(Object.keys(tree).length, 119);
      assert.deepEqual([tree['file-0'], tree['file-8'], tree['file-119']], ['0', 'changed', '119']);
    });

    test('has several processes at once in one folder, and sweeps up after one that was killed', async () => {
      const root = join(scratch, `${kind}-killed`);
      const child = spawn(process.execPath, [join(import.meta.dirname, '../rig/hold-layer.ts'), root, kind], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      const [committed, mountPoint] = said.toString().trim().split(' ') as [string, string];
      {
        await using beside = await openSnapshotter(root, { pool, kind });
        assert.deepEqual(await treeOf(beside, [committed]), { done: 'done' });
        assert.deepEqual(contents(mountPoint), { done: 'done' });
        assert.equal(readdirSync(root).filter((name) => name.includes('.new.')).length, 1);
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      await using snapshotter = await openSnapshotter(root, { pool, kind });
      assert.deepEqual(
        readdirSync(root).filter((name) => name.includes('.new.')),
        [],
      );
      assert.deepEqual(await treeOf(snapshotter, [committed]), { done: 'done' });
      assert.equal(existsSync(mountPoint), false);
    });
  });
}

test('overlayfs is chosen where it works, and copies where it does not', async () => {
  const lower = join(scratch, 'choose');
  await using here = await openSnapshotter(join(lower, 'here'), { pool });
  assert.equal(here.kind, 'overlay');
  // An upper folder on overlayfs itself is what engines in containers have.
  await using one = await here.prepare([await layer(here, [], {})]);
  await using mount = await mounted(one.mount());
  await using there = await openSnapshotter(join(mount.path, 'cache'), { pool });
  assert.equal(there.kind, 'native');
  // There, overlayfs's own whiteouts cannot be made.
  const id = await layer(there, [], { a: 'a', d: { x: 'x', y: 'y' } });
  const upper = await layer(there, [id], { a: null, d: { x: null } });
  assert.deepEqual(await treeOf(there, [id, upper]), { d: { y: 'y' } });
  // Should the folder come to lie where layers can be stacked, they are.
  const moved = join(lower, 'moved');
  spawnSync('cp', ['-a', join(mount.path, 'cache'), moved]);
  await using stacked = await openSnapshotter(moved, { pool });
  assert.equal(stacked.kind, 'overlay');
  assert.deepEqual(await treeOf(stacked, [id, upper]), { d: { y: 'y' } });
});

test('more layers than the kernel stacks is a failure that says so', async () => {
  const lower = Array.from({ length: 501 }, (_, i) => `/nowhere/${i}`);
  const error = await mounted({ kind: 'overlay', lower }).catch((e: unknown) => e);
  assert.equal(failedOf(error, 'too-many-layers')?.failure.message.includes('501'), true);
});

test('kernels that take options as one page of text stack some two hundred layers', () => {
  const home = join(scratch, 'one, page: of text');
  const lower = Array.from({ length: 300 }, (_, i) => join(home, `layer-${i}`));
  for (const [i, folder] of lower.entries()) change(folder, { [`file-${i}`]: '' });
  const [upper, work, point] = ['upper', 'work', 'point'].map((name) => join(home, name)) as [string, string, string];
  for (const folder of [upper, work, point]) mkdirSync(folder);
  overlayInOnePage({ kind: 'overlay', lower: lower.slice(0, 150), upper, work }, point);
  try {
    writeFileSync(join(point, 'file-0'), 'changed');
    assert.equal(readdirSync(point).length, 150);
  } finally {
    unmountNow(point);
  }
  assert.deepEqual(contents(upper), { 'file-0': 'changed' });
  assert.throws(
    () => overlayInOnePage({ kind: 'overlay', lower }, point),
    (error) => failedOf(error, 'too-many-layers') !== undefined,
  );
});

test('a mount that the kernel refuses is a failure, and leaves no folder', async () => {
  const folder = join(scratch, 'refused');
  mkdirSync(folder);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  const error = await mounted({ kind: 'overlay', lower: ['/nowhere/a', '/nowhere/b'] }).catch((e: unknown) => e);
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  assert.ok(failedOf(error, 'mount-failed'));
  assert.deepEqual(readdirSync(folder), []);
});

test('a mount that somebody still uses goes when it is disposed', async () => {
  await using snapshotter = await openSnapshotter(join(scratch, 'busy'), { pool, kind: 'overlay' });
  await using writable = await snapshotter.prepare([await layer(snapshotter, [], { a: 'a' })]);
  const mount = await mounted(writable.mount());
  const child = spawn('sleep', ['60'], { cwd: mount.path });
  await once(child, 'spawn');
  await mount[Symbol.asyncDispose]();
  assert.equal(existsSync(mount.path), false);
  assert.equal(spawnSync('findmnt', [mount.path]).status, 1);
  child.kill();
  await once(child, 'exit');
});

/** A layer that makes these changes. */
async function layer(snapshotter: Snapshotter, chain: Chain, changes: Changes): Promise<LayerId> {
  await using writable = await snapshotter.prepare(chain);
  {
    await using mount = await mounted(writable.mount());
    change(mount.path, changes);
  }
  return writable.commit();
}

async function treeOf(snapshotter: Snapshotter, chain: Chain): Promise<Contents> {
  await using mount = await mounted(await snapshotter.view(chain));
  return contents(mount.path);
}
