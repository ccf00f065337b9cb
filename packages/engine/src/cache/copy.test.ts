import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { bytePath } from '../std/byte-path.ts';
import { failedOf } from '../std/failed.ts';
import { parseMode } from '../std/file-mode.ts';
import { makeTempFolder } from '../std/temp.ts';
import { setTimes } from '../sys/utimens.ts';
import { getXattr, setXattr } from '../sys/xattr.ts';
import { copyPath, type CopyPathOptions } from './copy.ts';
import { Destination } from './copy/destination.ts';
import { mountedTree } from './mounted-tree.ts';

/** Files by path; `-> x` is a symlink, a path with a slash at its end an empty folder. */
type Files = Readonly<Record<string, string>>;

function grow(root: string, files: Files): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), at);
    else if (!path.endsWith('/')) writeFileSync(at, content);
  }
}

function shown(root: string, at = ''): Files {
  const files: Record<string, string> = {};
  for (const name of readdirSync(join(root, at)).sort()) {
    const path = at === '' ? name : `${at}/${name}`;
    const stats = lstatSync(join(root, path));
    if (stats.isSymbolicLink()) files[path] = `-> ${readlinkSync(join(root, path))}`;
    else if (stats.isDirectory()) {
      const inside = shown(root, path);
      Object.assign(files, Object.keys(inside).length > 0 ? inside : { [`${path}/`]: '' });
    } else files[path] = readFileSync(join(root, path), 'utf8');
  }
  return files;
}

interface Rig {
  readonly from: string;
  readonly to: string;
  copy(src: string, dest: string, options?: Partial<CopyPathOptions>): void;
}

async function between(source: Files, destination: Files, body: (rig: Rig) => void): Promise<void> {
  await using folder = makeTempFolder();
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')];
  grow(from, source);
  grow(to, destination);
  body({
    from,
    to,
    copy(src, dest, options) {
      const target = new Destination(to);
      copyPath(mountedTree(from), target, {
        src: bytePath(src),
        dest: bytePath(dest),
        followLinks: true,
        contentsOnly: true,
        include: [],
        exclude: [],
        replace: false,
        folders: { mode: 0o755, time: 1n },
        check: () => {},
        ...options,
      });
      target.times.apply();
    },
  });
}

test('a slash, an existing folder or a link in the way decide where a source goes', async () => {
  const table: [src: string, dest: string, before: Files, after: Files][] = [
    ['/f', '/new', {}, { new: 'f' }],
    ['/f', '/new/', {}, { 'new/f': 'f' }],
    ['/f', '/a/b/c', {}, { 'a/b/c': 'f' }],
    ['/f', '/dir', { 'dir/': '' }, { 'dir/f': 'f' }],
    ['/f', '/dir/.', { 'dir/x': '' }, { 'dir/x': '', 'dir/f': 'f' }],
    ['/f', '/', {}, { f: 'f' }],
    ['/f', '/old', { old: 'o' }, { old: 'f' }],
    ['/f', '/old', { old: '-> real', real: 'r' }, { old: '-> real', real: 'f' }],
    ['/f', '/old', { old: '-> nowhere/x' }, { old: '-> nowhere/x', 'nowhere/x': 'f' }],
    ['/f', '/dir/', { 'dir/f': '-> g', 'dir/g': 'g' }, { 'dir/f': 'f', 'dir/g': 'g' }],
    ['/d', '/new', {}, { 'new/x': 'x', 'new/s/y': 'y' }],
    ['/d', '/dir', { 'dir/x': 'old', 'dir/z': 'z' }, { 'dir/x': 'x', 'dir/z': 'z', 'dir/s/y': 'y' }],
    ['/ld', '/new', {}, { 'new/x': 'x', 'new/s/y': 'y' }],
    ['/lf', '/new/', {}, { 'new/lf': 'f' }],
    ['/ld/x', '/x', {}, { x: 'x' }],
    ['/d/.', '/new', {}, { 'new/x': 'x', 'new/s/y': 'y' }],
  ];
  const source = { f: 'f', 'd/x': 'x', 'd/s/y': 'y', lf: '-> f', ld: '-> d' };
  for (const [src, dest, before, after] of table) {
    await between(source, before, ({ copy, to }) => {
      copy(src, dest);
      assert.deepEqual(shown(to), shownOf(after), `${src} ${dest} onto ${JSON.stringify(before)}`);
    });
  }
});

/** As `shown` orders it. */
function shownOf(files: Files): Files {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('a folder copied by itself goes into a folder that exists', async () => {
  await between({ 'd/x': 'x' }, { 'dir/': '' }, ({ copy, to }) => {
    copy('/d', '/dir', { contentsOnly: false });
    copy('/d', '/fresh', { contentsOnly: false });
    assert.deepEqual(shown(to), { 'dir/d/x': 'x', 'fresh/x': 'x' });
  });
});

test('a link that is not followed is copied as a link', async () => {
  await between({ l: '-> f', f: 'f' }, {}, ({ copy, to }) => {
    copy('/l', '/l', { followLinks: false });
    assert.deepEqual(shown(to), { l: '-> f' });
  });
});

test('nothing is written outside of the destination, and nothing outside of the source is read', async () => {
  const outside = { 'victim/keep': 'safe', secret: 'secret' };
  const links = { abs: '-> /victim', up: '-> ../../../../victim', 'in/up': '-> ../../../victim' };
  await using folder = makeTempFolder();
  grow(folder.path, outside);
  await between(
    { f: 'f', sneaky: `-> ${folder.path}/secret`, climb: '-> ../../../../../../etc/passwd' },
    links,
    ({ copy, to }) => {
      copy('/f', '/abs/one');
      copy('/f', '/up/two');
      copy('/f', '/in/up/three');
      copy('/f', '/../../four');
      for (const src of ['/sneaky', '/climb', '/../f2']) {
        assert.throws(
          () => copy(src, '/x'),
          (error) => failedOf(error, 'copy-source-missing') !== undefined,
          src,
        );
      }
      assert.deepEqual(shown(to), {
        abs: '-> /victim',
        four: 'f',
        'in/up': '-> ../../../victim',
        up: '-> ../../../../victim',
        'victim/one': 'f',
        'victim/three': 'f',
        'victim/two': 'f',
      });
    },
  );
  assert.deepEqual(shown(folder.path), { secret: 'secret', 'victim/keep': 'safe' });
});

test('what stands in the way is refused by its path, or replaced where that is asked for', async () => {
  const source = { f: 'f', 'd/x/y': 'y' };
  const before = { 'file/': '', 'dir/x': 'a file', plain: 'p' };
  await between(source, before, ({ copy, to }) => {
    const conflict = (path: string) => (error: unknown) =>
      failedOf(error, 'copy-conflict')?.failure.message.startsWith(`${path} is`) === true;
    assert.throws(() => copy('/d', '/plain'), conflict('/plain'));
    assert.throws(() => copy('/d', '/dir'), conflict('/dir/x'));
    assert.throws(() => copy('/f', '/plain/x'), conflict('/plain'));
    rmSync(join(to, 'file'), { recursive: true });
    grow(to, { 'into/f/': '' });
    assert.throws(() => copy('/f', '/into'), conflict('/into/f'));
    copy('/f', '/into', { replace: true });
    copy('/d', '/dir', { replace: true });
    assert.deepEqual(shown(to), { 'dir/x/y': 'y', 'into/f': 'f', plain: 'p' });
  });
});

test('include and exclude choose, and folders come only with what is in them', async () => {
  const source = {
    'd/a.ts': '1',
    'd/b.js': '2',
    'd/s/c.ts': '3',
    'd/s/t/d.js': '4',
    'd/empty/': '',
    'd/node/x.ts': '5',
  };
  const table: [options: Partial<CopyPathOptions>, after: Files][] = [
    [{ include: ['**/*.ts'] }, { 'o/a.ts': '1', 'o/node/x.ts': '5', 'o/s/c.ts': '3' }],
    [{ include: ['s/**'] }, { 'o/s/c.ts': '3', 'o/s/t/d.js': '4' }],
    [{ exclude: ['s', 'node'] }, { 'o/a.ts': '1', 'o/b.js': '2', 'o/empty/': '' }],
    [{ exclude: ['*', '!s/t'] }, { 'o/s/t/d.js': '4' }],
    [
      { include: ['s', 'node'], exclude: ['**/*.ts'] },
      { 'o/node/': '', 'o/s/t/d.js': '4' },
    ],
  ];
  for (const [options, after] of table) {
    await between(source, {}, ({ copy, to }) => {
      copy('/d', '/o', options);
      assert.deepEqual(shown(to), after, JSON.stringify(options));
    });
  }
});

test('owner, mode, attributes, times to the nanosecond and hard links come along', async () => {
  await between({ 'd/f': 'f', 'd/s/l': '-> f' }, {}, ({ copy, from, to }) => {
    linkSync(join(from, 'd/f'), join(from, 'd/s/hard'));
    chmodSync(join(from, 'd/s'), 0o2770);
    chmodSync(join(from, 'd/f'), 0o4751);
    setXattr(join(from, 'd/f'), 'user.note', Buffer.from('hi'));
    for (const [path, mtime] of [
      ['d/f', 1_234_567_890_123_456_789n],
      ['d/s/l', 5n],
      ['d/s', 77_000_000_001n],
    ] as const) {
      setTimes(join(from, path), { mtime });
    }
    copy('/d', '/o');
    const stats = (path: string) => lstatSync(join(to, path), { bigint: true });
    assert.equal(stats('o/f').mode & 0o7777n, 0o4751n);
    assert.equal(stats('o/f').mtimeNs, 1_234_567_890_123_456_789n);
    assert.equal(stats('o/s/l').mtimeNs, 5n);
    assert.equal(stats('o/s').mtimeNs, 77_000_000_001n);
    assert.equal(stats('o/s').mode & 0o7777n, 0o2770n);
    assert.equal(stats('o/f').ino, stats('o/s/hard').ino);
    assert.equal(getXattr(join(to, 'o/f'), 'user.note')?.toString(), 'hi');

    copy('/d', '/p', {
      owner: { uid: 7, gid: 8 },
      mode: parseMode('go-x'),
      time: 42n,
      folders: { mode: 0o700, time: 42n, owner: { uid: 7, gid: 8 } },
    });
    for (const path of ['p', 'p/f', 'p/s', 'p/s/l']) {
      assert.deepEqual([stats(path).uid, stats(path).gid, stats(path).mtimeNs], [7n, 8n, 42n], path);
    }
    assert.equal(stats('p/f').mode & 0o7777n, 0o4740n);
    assert.equal(stats('p/s').mode & 0o7777n, 0o2760n);
  });
});

test('nothing depends on the clock: folders keep their time, and those made on the way get one', async () => {
  await between({ f: 'f', 'd/s/x': 'x' }, { 'old/sub/': '', 'old/gone': '' }, ({ copy, to, from }) => {
    for (const [folder, mtime] of [
      ['old', 1000n],
      ['old/sub', 2000n],
    ] as const)
      setTimes(join(to, folder), { mtime });
    setTimes(join(from, 'd/s'), { mtime: 3000n });
    copy('/f', '/old/sub/');
    copy('/f', '/old/gone');
    copy('/f', '/old/made/deep/f');
    copy('/d', '/old/inc', { include: ['**/x'] });
    const time = (path: string) => lstatSync(join(to, path), { bigint: true }).mtimeNs;
    assert.deepEqual([time('old'), time('old/sub'), time('old/made'), time('old/made/deep')], [1000n, 2000n, 1n, 1n]);
    assert.equal(time('old/inc/s'), 3000n);
  });
});
