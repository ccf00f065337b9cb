import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { filesFrom, filesIn, namesIn } from './named-files.ts';

test('files stand between commas, in words, and where somebody is', () => {
  assert.deepEqual(filesIn(['a,b/c', '../d', '/e', ''], '/work/app'), [
    '/work/app/a',
    '/work/app/b/c',
    '/work/d',
    '/e',
  ]);
});

test('names are as git lists them, on lines or with NUL behind each', () => {
  assert.deepEqual(namesIn('a b\r\n"b\\303\\251\\t\\"x\\\\.txt"\n'), ['a b', 'bé\t"x\\.txt', '']);
  assert.deepEqual(namesIn('"é"\n"open\n"a"b"'), ['é', '"open', '"a"b"'], 'what git would not have written is a name');
  assert.deepEqual(namesIn('"q"\0a\nb\0'), ['"q"', 'a\nb', '']);
});

test('a stream is read once, however often it is asked', async () => {
  const stdin = Readable.from([Buffer.from('a\n'), Buffer.from('b')]) as unknown as NodeJS.ReadStream;
  assert.deepEqual(await filesFrom(stdin, '/w'), ['/w/a', '/w/b']);
  assert.deepEqual(await filesFrom(stdin, '/w'), ['/w/a', '/w/b']);
  assert.throws(() => filesFrom({ isTTY: true } as NodeJS.ReadStream, '/w'), Mistake);
});
