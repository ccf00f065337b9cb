import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { rootPath } from './root-path.ts';
import { makeStubs } from './stubs.ts';

const temp = makeTempFolder();
after(() => temp[Symbol.asyncDispose]());
let trees = 0;
const newTree = () => {
  const root = join(temp.path, `tree${trees++}`);
  mkdirSync(join(root, 'etc'), { recursive: true });
  utimesSync(join(root, 'etc'), 1, 1);
  return root;
};
const all = (root: string) => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
const options = { hidden: ['/dev'], recursive: true };

test('mount points are made, and taken away with the time of their folder', () => {
  const root = newTree();
  {
    using _ = makeStubs(
      root,
      [
        { target: '/etc/hosts', kind: 'file' },
        { target: '/etc/resolv.conf', kind: 'file' },
        { target: '/a/b', kind: 'folder', mode: 0o1777 },
        { target: '/a/b/inner', kind: 'folder' },
        { target: '/dev/x', kind: 'file' },
      ],
      options,
    );
    assert.deepEqual(all(root), ['a', 'a/b', 'etc', 'etc/hosts', 'etc/resolv.conf']);
    assert.equal(statSync(join(root, 'a/b')).mode & 0o7777, 0o1777);
  }
  assert.deepEqual(all(root), ['etc']);
  assert.equal(statSync(join(root, 'etc')).mtimeMs, 1000);
});

test('a folder that was changed meanwhile keeps the time of that change', () => {
  const root = newTree();
  {
    using _ = makeStubs(root, [{ target: '/etc/hosts', kind: 'file' }], options);
    writeFileSync(join(root, 'etc/new'), '');
    utimesSync(join(root, 'etc'), 5, 5);
  }
  assert.deepEqual(all(root), ['etc', 'etc/new']);
  assert.equal(statSync(join(root, 'etc')).mtimeMs, 5000);
});

test('what is there already, or has been filled, stays', () => {
  const root = newTree();
  writeFileSync(join(root, 'etc/hosts'), '');
  {
    using _ = makeStubs(
      root,
      [
        { target: '/etc/hosts', kind: 'file' },
        { target: '/etc/f', kind: 'file' },
        { target: '/d', kind: 'folder' },
      ],
      options,
    );
    writeFileSync(join(root, 'etc/f'), 'x');
    mkdirSync(join(root, 'd/kept'));
  }
  assert.deepEqual(all(root), ['d', 'd/kept', 'etc', 'etc/f', 'etc/hosts']);
});

test('links lead nowhere but inside, before and after', () => {
  const root = newTree();
  const outside = join(temp.path, 'outside');
  mkdirSync(outside);
  symlinkSync('/../../run/resolv.conf', join(root, 'etc/resolv.conf'));
  {
    using _ = makeStubs(
      root,
      [
        { target: '/etc/resolv.conf', kind: 'file' },
        { target: '/swap/x', kind: 'folder' },
      ],
      options,
    );
    assert.deepEqual(all(root), ['etc', 'etc/resolv.conf', 'run', 'run/resolv.conf', 'swap', 'swap/x']);
    // A process may put a link to somewhere else in the place of a folder.
    mkdirSync(join(outside, 'x'));
    rmSync(join(root, 'swap'), { recursive: true });
    symlinkSync(outside, join(root, 'swap'));
  }
  assert.deepEqual(all(outside), ['x']);
  assert.equal(readlinkSync(join(root, 'etc/resolv.conf')), '/../../run/resolv.conf');
  assert.equal(lstatSync(join(root, 'run'), { throwIfNoEntry: false }), undefined);
});

test('a path is resolved as in a root of its own', () => {
  const root = newTree();
  symlinkSync('/etc', join(root, 'absolute'));
  symlinkSync('../../../etc', join(root, 'etc/up'));
  symlinkSync('loop', join(root, 'loop'));
  assert.equal(rootPath(root, '/absolute/passwd'), join(root, 'etc/passwd'));
  assert.equal(rootPath(root, 'etc/up/./up/x'), join(root, 'etc/x'));
  assert.equal(rootPath(root, '/../..'), root);
  assert.equal(rootPath(root, '/none/../etc'), join(root, 'etc'));
  assert.throws(() => rootPath(root, '/loop/x'), /too many symbolic links/);
});
