import assert from 'node:assert/strict';
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { newRunId } from '../runs/run-id.ts';
import { RunsFolder } from '../runs/runs-folder.ts';
import { Book, type MadeRun } from './book.ts';
import { image, step } from './made.fixture.ts';

const run = (images: MadeRun['images']): MadeRun => ({ version: 1, monokit: '1', cache: '/c', images });

function begun(folder: RunsFolder, at: number, made: MadeRun): string {
  const id = newRunId(at);
  folder.make();
  writeFileSync(folder.recordPath(id), '{}');
  new Book(folder).keepRun(id, made);
  return id;
}

test('what is kept is read again, and what is damaged is as good as gone', async () => {
  await using temp = makeTempFolder();
  const folder = new RunsFolder(join(temp.path, 'runs'));
  const book = new Book(folder);
  const components = image([step('FROM a')]);
  const entries = [{ path: 'a', kind: 'file', mode: 0o644, digest: '0123456789abcdef' }] as const;
  assert.deepEqual([book.components('one'), book.list('two'), book.has('one')], [undefined, undefined, false]);
  book.keep('one', components);
  book.keepList('two', entries);
  assert.deepEqual([book.components('one'), book.list('two'), book.has('one')], [components, entries, true]);
  const made = join(folder.path, 'made');
  writeFileSync(join(folder.path, 'outside'), JSON.stringify(components));
  assert.equal(book.components('../outside'), undefined);
  assert.equal(statSync(made).mode & 0o777, 0o700);
  for (const name of readdirSync(made)) writeFileSync(join(made, name), '{"half');
  assert.deepEqual([book.components('one'), book.list('two')], [undefined, undefined]);
});

test('the runs of an image come newest first, and go with their records', async () => {
  await using temp = makeTempFolder();
  const folder = new RunsFolder(join(temp.path, 'runs'));
  const made = (name: string) => ({ made: name, lists: [], ok: true });
  const old = begun(folder, 1000, run({ api: made('1'), web: made('w') }));
  const young = begun(folder, 2000, run({ api: made('2') }));
  assert.deepEqual(
    [...new Book(folder).of('api')].map(({ id, image: { made: name } }) => [id, name]),
    [
      [young, '2'],
      [old, '1'],
    ],
  );
  assert.deepEqual([...new Book(folder).of('constructor')], []);
  folder.remove(old);
  assert.deepEqual([...new Book(folder).of('web')], []);
});

test('a sweep takes what no run names, unless it is young', async () => {
  await using temp = makeTempFolder();
  const folder = new RunsFolder(join(temp.path, 'runs'));
  begun(folder, 1000, run({ api: { made: 'components', lists: ['list'], ok: true } }));
  const book = new Book(folder);
  const names = ['components', 'list', 'key', 'nobody', 'young'];
  for (const name of names) {
    book.keepList(name, []);
    if (name !== 'young') utimesSync(join(folder.path, 'made', name), 1, 1);
  }
  book.sweep(Date.now());
  assert.deepEqual(readdirSync(join(folder.path, 'made')).toSorted(), ['components', 'key', 'list', 'young']);
});
