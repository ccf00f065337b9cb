import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { rewrite } from '../../../../../test/rig/tree.ts';
import { recursiveDigest } from '../../cache/content-hash/recursive.ts';
import { mountedTree } from '../../cache/mounted-tree.ts';
import type { TreeNode } from '../../cache/tree.ts';
import { openIndex } from '../../index/index.ts';
import { openPool } from '../../pool/pool.ts';
import { failedOf } from '../../std/failed.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { ContextMemory } from './memory.ts';
import { LocalTree, openTree, type TreePatterns } from './tree.ts';

async function withContext(
  files: Readonly<Record<string, string>>,
  body: (rig: {
    readonly root: string;
    /** A tree as a build would open it. Its clock is ahead, so that what tests write counts as old. */
    open(patterns?: Partial<TreePatterns> & { followPaths?: string[] }, now?: () => number): LocalTree;
  }) => Promise<void>,
): Promise<void> {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const root = join(folder.path, 'context');
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const open = (patterns = {}, now = () => Date.now() + 10_000) =>
    new LocalTree(
      root,
      { include: [], exclude: [], modes: 'kept', ...patterns },
      { memory: () => new ContextMemory(index), pool, now },
    );
  await body({ root, open });
}

const signal = new AbortController().signal;
const whole = (tree: LocalTree) => tree.answer((root) => recursiveDigest(root), { signal });
const paths = (node: TreeNode, at = ''): string[] =>
  node.children().flatMap((child) => [`${at}${child.name}`, ...paths(child, `${at}${child.name}/`)]);

test('an unchanged context is not read again, and a changed file alone is', async () => {
  await withContext({ a: '1', 'd/b': '2', 'd/e/c': '3' }, async ({ root, open }) => {
    const first = open();
    const digest = await whole(first);
    assert.deepEqual(first.counts, { folders: 3, entries: 5, files: 3 });
    assert.equal(await whole(first), digest);
    assert.equal(first.counts.files, 3);
    const second = open();
    assert.equal(await whole(second), digest);
    assert.deepEqual(second.counts, { folders: 3, entries: 5, files: 0 });
    rewrite(join(root, 'd/b'), '4');
    const third = open();
    assert.notEqual(await whole(third), digest);
    assert.equal(third.counts.files, 1);
  });
});

test('a file that was written just before it was read is read again', async () => {
  await withContext({ a: '1' }, async ({ root, open }) => {
    const { mtimeMs } = statSync(join(root, 'a'));
    await whole(open({}, () => mtimeMs + 1));
    const second = open();
    await whole(second);
    assert.equal(second.counts.files, 1);
  });
});

test('only folders that somebody asks about are listed', async () => {
  await withContext({ 'src/a': '1', 'node_modules/x/y': '2', 'docs/z': '3' }, async ({ open }) => {
    const tree = open({ exclude: ['node_modules'] });
    await tree.answer((root) => recursiveDigest(root.child('src')!), { signal });
    assert.deepEqual(tree.counts, { folders: 2, entries: 4, files: 1 });
  });
});

test('patterns choose entries, and keep the folders around them', async () => {
  const files = { 'a/b/c.ts': '', 'a/b/d.js': '', 'a/e': '', 'x/y/z.ts': '', top: '' };
  await withContext(files, async ({ root, open }) => {
    mkdirSync(join(root, 'empty'));
    assert.deepEqual(paths(open({ include: ['**/*.ts'] }).root), ['a', 'a/b', 'a/b/c.ts', 'x', 'x/y', 'x/y/z.ts']);
    assert.deepEqual(paths(open({ exclude: ['a', '!a/e', 'x/*'] }).root), ['a', 'a/e', 'empty', 'top', 'x']);
    assert.deepEqual(paths(open({ exclude: ['*', '!x/y/z.ts'] }).root), ['x', 'x/y', 'x/y/z.ts']);
    assert.deepEqual(paths(open({ followPaths: ['a/e', 'nothing'] }).root), ['a', 'a/e']);
  });
});

test('entries belong to root and have the modes on disk, or those that git knows', async () => {
  await withContext({ 'd/plain': '', 'd/run': '' }, async ({ root, open }) => {
    chmodSync(join(root, 'd'), 0o2770);
    chmodSync(join(root, 'd/plain'), 0o4664);
    chmodSync(join(root, 'd/run'), 0o711);
    spawnSync('chown', ['-R', '7:8', root]);
    chmodSync(join(root, 'd/plain'), 0o4664);
    chmodSync(join(root, 'd'), 0o2770);
    const modes = (tree: LocalTree) => {
      const folder = tree.root.child('d')!;
      const found = [folder, ...folder.children()].map((node) => node.attributes());
      assert.deepEqual(
        found.map(({ uid, gid }) => [uid, gid]),
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      );
      return found.map(({ mode }) => mode.toString(8));
    };
    assert.deepEqual(modes(open()), ['2770', '4664', '711']);
    assert.deepEqual(modes(open({ modes: 'git' })), ['755', '644', '755']);
    assert.notEqual(await whole(open()), await whole(open({ modes: 'git' })));
  });
});

test('a context counts like the same tree in a snapshot, but for its own root', async () => {
  await withContext({ 'd/a': '1', 'd/sub/b': '22' }, async ({ root, open }) => {
    symlinkSync('a', join(root, 'd/link'));
    linkSync(join(root, 'd/a'), join(root, 'd/hard'));
    spawnSync('mkfifo', [join(root, 'd/pipe')]);
    const tree = open();
    const digest = await tree.answer((node) => recursiveDigest(node.child('d')!), { signal });
    assert.equal(digest, recursiveDigest(mountedTree(root).child('d')!));
  });
});

test('a file that changed since it was hashed is no longer given out', async () => {
  await withContext({ a: '1', b: '1', c: '1', 'd/e': '1' }, async ({ root, open }) => {
    const tree = open();
    await whole(tree);
    const a = tree.root.child('a')!;
    a.attributes();
    rewrite(join(root, 'a'), '2');
    rmSync(join(root, 'b'));
    rmSync(join(root, 'c'));
    symlinkSync('/etc/passwd', join(root, 'c'));
    for (const name of ['a', 'b', 'c']) {
      const changed = () => tree.root.child(name)!.verify();
      assert.throws(
        changed,
        (error) => failedOf(error, 'context-changed')?.failure.message.includes(join(root, name)) === true,
      );
    }
    // A folder may get new entries, which are none of the build's.
    writeFileSync(join(root, 'd/new'), '');
    tree.root.child('d')!.attributes();
  });
});

test('a file that changes between the listing and the reading is hashed as it is then', async () => {
  await withContext({ a: '1', b: '1' }, async ({ root, open }) => {
    const tree = open();
    tree.root.children();
    writeFileSync(join(root, 'a'), 'longer');
    const late = open();
    assert.equal(await whole(tree), await whole(late));
    writeFileSync(join(root, 'b'), 'new');
    const gone = open();
    gone.root.children();
    renameSync(join(root, 'b'), join(root, 'z'));
    await assert.rejects(whole(gone), (error) => failedOf(error, 'context-changed') !== undefined);
    symlinkSync('a', join(root, 'link'));
    const unlinked = open();
    unlinked.root.children();
    rmSync(join(root, 'link'));
    await assert.rejects(whole(unlinked), (error) => failedOf(error, 'context-changed') !== undefined);
  });
});

test('a tree crosses threads with what was seen of it', async () => {
  await withContext({ 'a/b': '1', 'c/d': '2', 'c/.skip': '' }, async ({ root, open }) => {
    const tree = open({ exclude: ['**/.skip'] });
    tree.root.child('a')!.children();
    const there = openTree(structuredClone(tree.portable().data) as never);
    rmSync(join(root, 'a/b'));
    assert.deepEqual(paths(there), ['a', 'a/b', 'c', 'c/d']);
    assert.throws(
      () => there.child('a')!.child('b')!.attributes(),
      (error) => failedOf(error, 'context-changed') !== undefined,
    );
  });
});

test('a folder that is not there is refused by its path', async () => {
  await withContext({ file: '' }, async ({ root, open }) => {
    rmSync(root, { recursive: true });
    assert.throws(
      () => open(),
      (error) => failedOf(error, 'folder-missing')?.failure.message.includes(root) === true,
    );
    writeFileSync(root, '');
    assert.throws(
      () => open(),
      (error) => failedOf(error, 'folder-missing') !== undefined,
    );
  });
});
