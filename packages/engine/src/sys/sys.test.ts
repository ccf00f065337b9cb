import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { tryFlock, unflock } from './flock.ts';
import { mountOptions } from './fsmount.ts';
import { onClosed } from './inotify.ts';
import { SystemError } from './library.ts';
import { deviceNumber, deviceParts, makeSpecialFile, makeWhiteout } from './mknod.ts';
import { mount, mountFlags, unmount, unmountIfMounted } from './mount.ts';
import { openInRoot } from './openat2.ts';
import { renameNew } from './rename.ts';
import { setTimes } from './utimens.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattr.ts';

const folder = mkdtempSync(join(tmpdir(), 'sys-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text = '') => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('a failed call throws what Node would: code, syscall and paths', () => {
  assert.throws(
    () => mount('/nowhere', '/nowhere/either', { flags: mountFlags.bind }),
    (error) =>
      error instanceof SystemError &&
      error.code === 'ENOENT' &&
      error.syscall === 'mount' &&
      error.path === '/nowhere' &&
      /^ENOENT: no such file or directory, mount '\/nowhere' -> '\/nowhere\/either'$/.test(error.message),
  );
});

test('a tmpfs is mounted and unmounted, and unmounting twice is told apart', () => {
  const target = join(folder, 'mnt');
  mkdirSync(target);
  mount('tmpfs', target, { type: 'tmpfs', data: 'size=64k' });
  writeFileSync(join(target, 'x'), 'x');
  unmount(target);
  assert.throws(() => unmount(target), { code: 'EINVAL' });
  assert.equal(unmountIfMounted(target), false);
});

test('mount options that the kernel would cut are refused', () => {
  assert.throws(() => mount('overlay', folder, { type: 'overlay', data: 'x'.repeat(4096) }), { code: 'E2BIG' });
});

test('an overlay of three hundred layers is mounted', () => {
  const at = (...parts: string[]) => join(folder, 'deep', ...parts);
  mkdirSync(at('merged'), { recursive: true });
  const layers = Array.from({ length: 300 }, (_, i) => at(`layer-${i}-${'x'.repeat(30)}`));
  for (const [i, layer] of layers.entries()) {
    mkdirSync(layer);
    writeFileSync(join(layer, `file-${i}`), '');
  }
  mountOptions('overlay', at('merged'), { options: layers.map((layer) => ['lowerdir+', layer] as const) });
  try {
    assert.ok(lstatSync(at('merged', 'file-0')).isFile() && lstatSync(at('merged', 'file-299')).isFile());
  } finally {
    unmount(at('merged'));
  }
  assert.throws(
    () => mountOptions('overlay', at('merged'), { options: [['nonsense', '1']] }),
    (error) => error instanceof SystemError && error.code === 'EINVAL' && error.message.includes('nonsense'),
  );
});

test('a NUL byte in a path is refused', () => {
  assert.throws(() => mount('a\0b', '/x'), TypeError);
  assert.throws(() => getXattr(Buffer.from('a\0b'), 'user.x'), TypeError);
});

test('extended attributes are set, listed, read and removed, also of a name that is no UTF-8', () => {
  const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x61])]);
  writeFileSync(path, '');
  assert.equal(getXattr(path, 'trusted.a'), undefined);
  setXattr(path, 'trusted.a', Buffer.from([1, 0, 2]));
  setXattr(path, 'trusted.empty', new Uint8Array());
  assert.deepEqual(getXattr(path, 'trusted.a'), Buffer.from([1, 0, 2]));
  assert.deepEqual(getXattr(path, 'trusted.empty'), Buffer.alloc(0));
  assert.deepEqual(
    listXattrs(path)
      .filter((name) => name.startsWith('trusted.'))
      .sort(),
    ['trusted.a', 'trusted.empty'],
  );
  removeXattr(path, 'trusted.a');
  removeXattr(path, 'trusted.a');
  assert.equal(getXattr(path, 'trusted.a'), undefined);
  assert.throws(() => getXattr(join(folder, 'absent'), 'user.x'), { code: 'ENOENT', syscall: 'lgetxattr' });
});

test('whiteouts and devices carry their numbers', () => {
  makeWhiteout(join(folder, 'gone'));
  const gone = lstatSync(join(folder, 'gone'));
  assert.ok(gone.isCharacterDevice() && gone.rdev === 0);
  makeSpecialFile(join(folder, 'device'), { kind: 'block', mode: 0o600, major: 259, minor: 70000 });
  assert.deepEqual(deviceParts(lstatSync(join(folder, 'device')).rdev), { major: 259, minor: 70000 });
  assert.deepEqual(deviceParts(deviceNumber(0x12345, 0xabcdef)), { major: 0x12345, minor: 0xabcdef });
  makeSpecialFile(join(folder, 'pipe'), { kind: 'fifo', mode: 0o600 });
  assert.ok(lstatSync(join(folder, 'pipe')).isFIFO());
});

test('times keep their nanoseconds, also of a symlink and before 1970', () => {
  const link = join(folder, 'link');
  symlinkSync('/nowhere', link);
  setTimes(link, { mtime: 1_234_567_890_123_456_789n });
  assert.equal(lstatSync(link, { bigint: true }).mtimeNs, 1_234_567_890_123_456_789n);
  const early = file('early');
  setTimes(early, { atime: 5n, mtime: -1n });
  const { atimeNs, mtimeNs } = lstatSync(early, { bigint: true });
  assert.deepEqual([atimeNs, mtimeNs], [5n, -1n]);
});

test('a lock excludes a second open of the file, and closing lets go', () => {
  const path = file('lock');
  const [a, b] = [openSync(path, 'r+'), openSync(path, 'r+')];
  assert.ok(tryFlock(a, 'exclusive'));
  assert.equal(tryFlock(b, 'exclusive'), false);
  assert.equal(tryFlock(b, 'shared'), false);
  unflock(a);
  assert.ok(tryFlock(b, 'shared'));
  assert.ok(tryFlock(a, 'shared'));
  closeSync(a);
  assert.ok(tryFlock(b, 'exclusive'));
  closeSync(b);
});

test('closing a file that was open for writing is told to all who watch it', async () => {
  const [path, other] = [file('watched'), file('other')];
  const [a, b] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  {
    using _a = onClosed(path, a.resolve);
    using _b = onClosed(path, b.resolve);
    using _never = onClosed(other, () => assert.fail('nobody closed it'));
    onClosed(path, () => assert.fail('this one left'))![Symbol.dispose]();
    closeSync(openSync(path, 'r'));
    closeSync(openSync(path, 'r+'));
    await Promise.all([a.promise, b.promise]);
  }
  const again = Promise.withResolvers<void>();
  using _again = onClosed(path, again.resolve);
  closeSync(openSync(path, 'r+'));
  await again.promise;
});

test('opening in a root keeps symlinks and dots inside', () => {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'inside');
  symlinkSync('/etc/passwd', join(root, 'absolute'));
  symlinkSync('../../../../etc/passwd', join(root, 'climbing'));
  const fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const path of ['absolute', 'climbing', '/etc/passwd', '../etc/passwd']) {
    const opened = openInRoot(fd, path);
    const bytes = Buffer.alloc(16);
    assert.equal(bytes.toString('utf8', 0, readSync(opened, bytes)), 'inside');
    closeSync(opened);
  }
  assert.throws(() => openInRoot(fd, 'absent'), { code: 'ENOENT', path: 'absent' });
  closeSync(fd);
});

test('a rename that must not replace does not', () => {
  const [a, b] = [file('a', 'a'), file('b', 'b')];
  assert.equal(renameNew(a, b), false);
  assert.equal(readFileSync(a, 'utf8') + readFileSync(b, 'utf8'), 'ab');
  assert.equal(renameNew(a, join(folder, 'c')), true);
});

test('calls work in worker threads', async () => {
  const path = file('worker');
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(new URL('./xattr.ts', import.meta.url).href)}).then((xattr) => {
       xattr.setXattr(${JSON.stringify(path)}, 'trusted.w', Buffer.from('w'));
       parentPort.postMessage(0);
     });`,
    { eval: true },
  );
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
  assert.equal(getXattr(path, 'trusted.w')?.toString(), 'w');
});
