import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryLock } from '../std/lock.ts';
import { kill, make, openRig, start, work } from './cache-fixture.ts';

test('what is put into a cache mount is there the next time', async () => {
  await using rig = await openRig();
  {
    await using cache = await rig.open();
    await using hold = await cache.cacheMount('id', { sharing: 'shared', ...work });
    writeFileSync(join(hold.path, 'f'), 'kept');
    await using other = await cache.cacheMount('../../other id', { sharing: 'shared', ...work });
    assert.deepEqual(readdirSync(other.path), []);
    assert.ok(other.path.startsWith(join(rig.folder, 'mounts/')));
  }
  await using cache = await rig.open();
  for (const sharing of ['shared', 'private', 'locked'] as const) {
    await using hold = await cache.cacheMount('id', { sharing, ...work });
    assert.equal(readFileSync(join(hold.path, 'f'), 'utf8'), 'kept');
  }
});

test('shared ones share, private ones get a folder of their own, locked ones wait', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const hold = (sharing: 'shared' | 'private' | 'locked', signal = work.signal) =>
    cache.cacheMount('id', { sharing, ...work, signal });
  const [a, b] = [await hold('shared'), await hold('shared')];
  assert.equal(a.path, b.path);
  await using own = await hold('private');
  assert.notEqual(own.path, a.path);
  const controller = new AbortController();
  const [locked, stopped] = [hold('locked'), hold('locked', controller.signal)];
  controller.abort(new Error('enough'));
  await assert.rejects(stopped, /enough/);
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  await using got = await locked;
  assert.equal(got.path, a.path);
  await using elsewhere = await hold('shared');
  assert.notEqual(elsewhere.path, got.path);
});

test('who looks at a mount for a moment makes nobody share another one', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const hold = () => cache.cacheMount('id', { sharing: 'shared', ...work });
  const first = await hold();
  await first[Symbol.asyncDispose]();
  const look = tryLock(`${first.path}.lock`)!;
  const waiting = hold();
  setImmediate(() => look[Symbol.dispose]());
  await using second = await waiting;
  assert.equal(second.path, first.path);
});

test('nor does who was stopped while it looked', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const hold = () => cache.cacheMount('id', { sharing: 'shared', ...work });
  const first = await hold();
  await first[Symbol.asyncDispose]();
  const look = tryLock(`${first.path}.lock`)!;
  const waiting = hold();
  for (const end = performance.now() + 300; performance.now() < end;) await new Promise(setImmediate);
  look[Symbol.dispose]();
  await using second = await waiting;
  assert.equal(second.path, first.path);
});

test('a locked mount is let go when its process is killed', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const child = start(
    rig.folder,
    `const hold = await cache.cacheMount('id', { sharing: 'locked', ...work }); say(hold.path); await forever();`,
  );
  const path = await child.said();
  const waiting = cache.cacheMount('id', { sharing: 'locked', ...work });
  await kill(child);
  await using hold = await waiting;
  assert.equal(hold.path, path);
});

test('a new folder is seeded once from a tree, with owners and modes', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const tree = await cache.create(undefined, { description: 'seed', ...work });
  mkdirSync(join(tree.upper, 'sub'));
  writeFileSync(join(tree.upper, 'sub/f'), 'seed');
  chownSync(join(tree.upper, 'sub'), 12, 34);
  chmodSync(join(tree.upper, 'sub'), 0o1777);
  await using seed = await tree.commit();
  for (const path of ['/sub', '../x/../sub/.']) {
    await using hold = await cache.cacheMount(path, { sharing: 'shared', seed, seedPath: path, ...work });
    assert.deepEqual(readdirSync(hold.path), ['f']);
    const { uid, gid, mode } = lstatSync(hold.path);
    assert.deepEqual([uid, gid, mode & 0o7777], [12, 34, 0o1777]);
    writeFileSync(join(hold.path, 'f'), 'changed');
  }
  await using again = await cache.cacheMount('/sub', { sharing: 'shared', seed, seedPath: '/sub', ...work });
  assert.equal(readFileSync(join(again.path, 'f'), 'utf8'), 'changed');
  await using owned = await cache.cacheMount('own', {
    sharing: 'shared',
    owner: { uid: 5, gid: 6 },
    mode: 0o700,
    ...work,
  });
  const { uid, gid, mode } = lstatSync(owned.path);
  assert.deepEqual([uid, gid, mode & 0o7777], [5, 6, 0o700]);
});

test('clearing begins anew, and who uses the old folder keeps it until the end', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  const hold = () => cache.cacheMount('id', { sharing: 'locked', ...work });
  const old = await hold();
  writeFileSync(join(old.path, 'f'), 'old');
  await cache.clearCacheMount('id');
  assert.ok(existsSync(join(old.path, 'f')));
  await using fresh = await hold();
  assert.deepEqual(readdirSync(fresh.path), []);
  await old[Symbol.asyncDispose]();
  assert.ok(!existsSync(old.path));
  assert.equal((await cache.usage()).length, 1);
});

test('prune takes the folders that nobody uses', async () => {
  await using rig = await openRig();
  await using cache = await rig.open();
  await using seed = await make(cache, { a: '1' });
  const unused = await cache.cacheMount('unused', { sharing: 'shared', seed, ...work });
  await unused[Symbol.asyncDispose]();
  await using used = await cache.cacheMount('used', { sharing: 'shared', ...work });
  const rows = (await cache.usage()).filter(({ recordType }) => recordType === 'exec.cachemount');
  assert.deepEqual(rows.map(({ description, inUse, mutable }) => [description, inUse, mutable]).sort(), [
    ['cache mount "unused"', false, true],
    ['cache mount "used"', true, true],
  ]);
  const gone = await cache.prune({ types: ['exec.cachemount'] }, work);
  assert.deepEqual(
    gone.map(({ description }) => description),
    ['cache mount "unused"'],
  );
  assert.ok(!existsSync(unused.path) && existsSync(used.path));
});
