import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { failedOf } from '../../std/failed.ts';
import { makeTempFolder } from '../../std/temp.ts';
import { mountedTree } from '../mounted-tree.ts';
import { checksum, type ChecksumOptions } from './checksum.ts';

/** A folder with files by path; `-> x` is a symlink. */
function grow(root: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(root, path));
    else writeFileSync(join(root, path), content);
  }
  return root;
}

const header = (type: number, mode: number, { size = 0, target = '' } = {}) =>
  `namemode${mode}uid0gid0size${size}typeflag${type}linkname${target}unamegnamedevmajor0devminor0`;

test('a digest is that of header and content, of a folder that of its own header and its entries in order', async () => {
  await using folder = makeTempFolder();
  const root = grow(folder.path, { 'd/a': 'one', 'd/a.b': '' });
  chmodSync(join(root, 'd'), 0o750);
  chmodSync(join(root, 'd/a'), 0o4755);
  chmodSync(join(root, 'd/a.b'), 0o600);
  const a = digestOf(`${header(0, 0o4755, { size: 3 })}one`);
  const b = digestOf(header(0, 0o600));
  assert.equal(checksum(mountedTree(root), '/d/a'), a);
  assert.equal(checksum(mountedTree(root), 'd'), digestOf(`\0${digestOf(header(5, 0o750))}\0a${a}\0a.b${b}`));
});

test('names sort by their bytes, whatever JavaScript thinks of them', async () => {
  await using folder = makeTempFolder();
  const root = grow(folder.path, { 'd/\u{1F600}': '', 'd/\uFF5E': '', 'd/z': '' });
  const names = mountedTree(root)
    .child('d')!
    .children()
    .map(({ name }) => Buffer.from(name, 'latin1').toString());
  assert.deepEqual(names, ['z', '\uFF5E', '\u{1F600}']);
});

test('symlinks count as links, or as what they lead to inside the tree', async () => {
  await using folder = makeTempFolder();
  const root = grow(folder.path, {
    'etc/passwd': 'mine',
    link: '-> /etc/passwd',
    up: '-> ../../../../../../etc/passwd',
    dir: '-> etc',
    loop: '-> loop',
    gone: '-> nowhere',
  });
  const tree = () => mountedTree(root);
  const passwd = checksum(tree(), '/etc/passwd');
  assert.equal(checksum(tree(), '/link'), digestOf(header(2, 0o777, { target: '/etc/passwd' })));
  assert.equal(checksum(tree(), '/link', { followLinks: true }), passwd);
  assert.equal(checksum(tree(), '/up', { followLinks: true }), passwd);
  assert.equal(checksum(tree(), '/dir/passwd'), passwd);
  assert.equal(checksum(tree(), '/dir/../etc/./passwd'), passwd);
  assert.throws(
    () => checksum(tree(), '/gone', { followLinks: true }),
    (error) => failedOf(error, 'path-missing') !== undefined,
  );
  assert.throws(
    () => checksum(tree(), '/loop', { followLinks: true }),
    (error) => failedOf(error, 'too-many-links') !== undefined,
  );
});

test('wildcards and patterns select entries, which count with their paths', async () => {
  await using folder = makeTempFolder();
  const root = grow(folder.path, {
    'src/a.ts': 'a',
    'src/b.js': 'b',
    'src/sub/c.ts': 'c',
    'src2/a.ts': 'a',
    'l/a.ts': '-> ../src/b.js',
  });
  const sum = (path: string, options: ChecksumOptions) => checksum(mountedTree(root), path, options);
  const file = (path: string) => checksum(mountedTree(root), path);
  const ownHeader = (path: string) => mountedTree(root).child(path)!.digest();
  const subHeader = mountedTree(root).child('src')!.child('sub')!.digest();
  assert.equal(sum('/none*', { wildcard: true }), digestOf(''));
  assert.equal(sum('/src/a.*', { wildcard: true }), digestOf(`\0a.ts${file('/src/a.ts')}`));
  assert.equal(sum('/src/*.??', { wildcard: true }), digestOf(`\0a.ts${file('/src/a.ts')}\0b.js${file('/src/b.js')}`));
  assert.equal(
    sum('/s*', { wildcard: true, include: ['**/c.ts'] }),
    digestOf(`\0src${ownHeader('src')}\0src\0sub${subHeader}\0src\0sub\0c.ts${file('/src/sub/c.ts')}`),
  );
  assert.equal(sum('/src', { exclude: ['*.js', 'sub'] }), digestOf(`\0${ownHeader('src')}\0a.ts${file('/src/a.ts')}`));
  assert.equal(
    sum('/', { include: ['src2/a.ts'] }),
    digestOf(`\0src2${ownHeader('src2')}\0src2\0a.ts${file('/src2/a.ts')}`),
  );
  assert.equal(sum('/l/a.ts', { exclude: ['x'], followLinks: true }), file('/src/b.js'));
  assert.throws(
    () => sum('/', { include: ['src/*'], requiredPaths: ['/src/a.ts', '/src/missing'] }),
    (error) => failedOf(error, 'path-missing')?.failure.message === '"/src/missing": not found',
  );
});

test('what cannot be selected is not looked at', async () => {
  await using folder = makeTempFolder();
  const root = grow(folder.path, {
    'big/1': '1',
    'big/2': '2',
    'big/deep/3': '3',
    'src/a': 'a',
    'src/node_modules/x/y': 'y',
  });
  const looked = (path: string, options: ChecksumOptions) => {
    let entries = 0;
    let bytes = 0;
    const spend = (amount: { readonly entries?: number; readonly bytes?: number }) => {
      entries += amount.entries ?? 0;
      bytes += amount.bytes ?? 0;
    };
    checksum(mountedTree(root, { spend }), path, options);
    return { entries, bytes };
  };
  assert.deepEqual(looked('/src/a', {}), { entries: 0, bytes: 1 });
  assert.deepEqual(looked('/src', { exclude: ['node_modules'] }), { entries: 2, bytes: 1 });
  assert.deepEqual(looked('/', { include: ['src/a'] }), { entries: 2 + 2, bytes: 1 });
  assert.deepEqual(looked('/src/*', { wildcard: true, exclude: ['x'] }), { entries: 2 + 1, bytes: 1 });
});
