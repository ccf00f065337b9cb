import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isAsSeen, type SeenFolder } from '../fresh/fresh.ts';
import { FirstLook } from './first-look.ts';

const root = mkdtempSync(join(tmpdir(), 'first-look-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Long after all that the tests write. */
const later = Date.now() + 60_000;

function project(name: string): string {
  const folder = join(root, name);
  mkdirSync(join(folder, 'src/deep'), { recursive: true });
  for (const file of ['Dockerfile', 'src/a', 'src/b', 'src/deep/c']) writeFileSync(join(folder, file), file);
  return folder;
}

/** Where nothing is ignored, and no folder is looked at in the tick of a change. */
const all = { walked: later, ignored: () => false };

/** As the engine sees folders. */
function seen(path: string): SeenFolder {
  const names = readdirSync(path);
  const rows = names.map((name) => {
    const { mode, ino, size, mtimeMs, ctimeMs, nlink, dev, rdev } = lstatSync(join(path, name));
    return [mode, ino, size, mtimeMs, ctimeMs, nlink, dev, rdev];
  });
  return { path, names, numbers: new Float64Array(rows.flat()) };
}

test('what was not touched has not changed', () => {
  const folder = project('same');
  const look = new FirstLook([join(folder, 'Dockerfile'), join(folder, 'none'), folder], later);
  const folders = [seen(join(folder, 'src')), seen(join(folder, 'src/deep'))];
  assert.ok(isAsSeen(lstatSync(join(folder, 'src/a')), folders[0]!.numbers.subarray(0, 8)));
  assert.deepEqual([...look.changed(folders, all)], []);
});

test('what came, changed or went is told by the paths of files', () => {
  const folder = project('other');
  const look = new FirstLook([join(folder, 'Dockerfile'), join(folder, 'none'), folder], later);
  const folders = [seen(join(folder, 'src')), seen(join(folder, 'src/deep'))];
  writeFileSync(join(folder, 'Dockerfile'), 'others');
  writeFileSync(join(folder, 'none'), 'is there');
  writeFileSync(join(folder, 'src/a'), 'other');
  rmSync(join(folder, 'src/b'));
  rmSync(join(folder, 'src/deep'), { recursive: true });
  mkdirSync(join(folder, 'src/new/inner'), { recursive: true });
  writeFileSync(join(folder, 'src/new/inner/d'), 'd');
  const changed = [...look.changed(folders, all)].map((path) => path.slice(folder.length + 1)).sort();
  const expected = 'Dockerfile none src/a src/b src/deep src/deep/c src/new src/new/inner src/new/inner/d'.split(' ');
  assert.deepEqual(changed, expected);
});

test('the last of several looks counts, and one in the tick of a change does not', () => {
  const folder = project('twice');
  const first = seen(join(folder, 'src'));
  writeFileSync(join(folder, 'src/a'), 'other');
  const again = seen(join(folder, 'src'));
  const look = new FirstLook([], later);
  assert.deepEqual([...look.changed([first, again], all)], []);
  utimesSync(join(folder, 'src/a'), 1, 1);
  const touched = seen(join(folder, 'src'));
  const { ctimeMs } = lstatSync(join(folder, 'src/a'));
  assert.ok(look.changed([touched], { ...all, walked: ctimeMs + 1 }).has(join(folder, 'src/a')));
});

test('what a build ignores did not come', () => {
  const folder = project('ignored');
  const whole = seen(join(folder, 'src'));
  // The engine keeps only what is not ignored, and room for more rows than it has names.
  const names = whole.names.filter((name) => name !== 'a');
  const rows = names.flatMap((name) => [...whole.numbers.subarray(whole.names.indexOf(name) * 8).subarray(0, 8)]);
  const numbers = new Float64Array(whole.numbers.length);
  numbers.set(rows);
  const look = new FirstLook([], later);
  const ignored = (path: string) => path === join(folder, 'src/a');
  assert.deepEqual([...look.changed([{ ...whole, names, numbers }], { ...all, ignored })], []);
  assert.deepEqual([...look.changed([{ ...whole, names, numbers }], all)], [join(folder, 'src/a')]);
});
