import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  openSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { LiveFiles } from './live-files.ts';

const how = {
  owner: { uid: process.getuid!(), gid: process.getgid!() },
  signal: new AbortController().signal,
};

function open() {
  const temp = makeTempFolder({ prefix: 'live-files-' });
  const [root, from, outside] = ['root', 'from', 'outside'].map((name) => join(temp.path, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [root, from, outside]) mkdirSync(each);
  return { temp, root, from, outside, files: new LiveFiles(root) };
}

test('files, links and folders become what they are elsewhere, whatever was there', async () => {
  const { temp, root, from, files } = open();
  await using _temp = temp;
  writeFileSync(join(from, 'file'), 'new');
  chmodSync(join(from, 'file'), 0o750);
  mkdirSync(join(root, 'app/file/inner'), { recursive: true });
  assert.equal(await files.copy(join(from, 'file'), '/app/file', how), true);
  assert.equal(readFileSync(join(root, 'app/file'), 'utf8'), 'new');
  assert.equal(lstatSync(join(root, 'app/file')).mode & 0o7777, 0o750);
  assert.equal(await files.copy(join(from, 'file'), '/not/yet/there', how), true);
  assert.equal(readFileSync(join(root, 'not/yet/there'), 'utf8'), 'new');
  symlinkSync('file', join(from, 'link'));
  assert.equal(await files.copy(join(from, 'link'), '/app/link', how), true);
  assert.equal(readlinkSync(join(root, 'app/link')), 'file');
  mkdirSync(join(from, 'folder'));
  assert.equal(await files.copy(join(from, 'folder'), '/app/link', how), true);
  assert.ok(lstatSync(join(root, 'app/link')).isDirectory());
  assert.equal(await files.copy(join(from, 'none'), '/app/none', how), false);
  assert.deepEqual(readdirSync(join(root, 'app')), ['file', 'link'], 'nothing half made is left');
});

test('links lead nowhere but to what is inside, on the way and at the end', async () => {
  const { temp, root, from, outside, files } = open();
  await using _temp = temp;
  writeFileSync(join(from, 'file'), 'new');
  writeFileSync(join(outside, 'kept'), 'kept');
  symlinkSync(outside, join(root, 'way'));
  symlinkSync('../../outside', join(root, 'up'));
  symlinkSync(join(outside, 'kept'), join(root, 'end'));
  await files.copy(join(from, 'file'), '/end', how);
  assert.equal(readFileSync(join(root, 'end'), 'utf8'), 'new');
  assert.ok(lstatSync(join(root, 'end')).isFile());
  // Inside, both lead to folders that are not there; making what a link leads to is not for us.
  for (const link of ['way', 'up'])
    await assert.rejects(files.copy(join(from, 'file'), `/${link}/kept`, how), { code: 'ENOENT' });
  for (const link of ['way', 'up']) assert.equal(files.remove(`/${link}/kept`), false);
  assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept');
  assert.deepEqual(readdirSync(outside), ['kept']);
});

test('what is removed goes with all below it, and links in it are not followed', async () => {
  const { temp, root, outside, files } = open();
  await using _temp = temp;
  mkdirSync(join(root, 'app/deep/er'), { recursive: true });
  writeFileSync(join(root, 'app/deep/er/file'), '');
  writeFileSync(join(outside, 'kept'), 'kept');
  symlinkSync(outside, join(root, 'app/deep/out'));
  assert.equal(files.remove('/app/deep'), true);
  assert.equal(files.remove('/app/deep'), false);
  assert.equal(files.remove('/app/deep/er/file'), false);
  assert.ok(existsSync(join(outside, 'kept')));
  assert.deepEqual(readdirSync(join(root, 'app')), []);
  assert.throws(() => files.remove('/'), /root of a container/);
});

test('folders as deep as a container can make them go, one open at a time', async () => {
  const { temp, root, outside, files } = open();
  await using _temp = temp;
  writeFileSync(join(outside, 'kept'), '');
  // Deeper than a path can be long: by names alone.
  mkdirSync(join(root, 'deep'));
  let here = openSync(join(root, 'deep'), 'r');
  for (let depth = 0; depth < 9000; depth++) {
    mkdirSync(`/proc/self/fd/${here}/d`);
    const inner = openSync(`/proc/self/fd/${here}/d`, 'r');
    closeSync(here);
    here = inner;
  }
  symlinkSync(outside, `/proc/self/fd/${here}/link`);
  closeSync(here);
  const before = readdirSync('/proc/self/fd').length;
  assert.equal(files.remove('/deep'), true);
  assert.deepEqual(readdirSync(root), []);
  assert.deepEqual(readdirSync(outside), ['kept']);
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
