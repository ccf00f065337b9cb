import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip, fit, rowsOf, widthOf } from './columns.ts';

test('wide characters take two columns, combining marks and colours none', () => {
  assert.deepEqual(['abc', '日本', 'e\u0301', '\u001b[31mred\u001b[39m', ''].map(widthOf), [3, 4, 1, 3, 0]);
});

test('what is cut ends in a dot and never within a character', () => {
  assert.equal(clip('日本語', 6), '日本語');
  assert.equal(clip('日本語', 5), '日本…');
  assert.equal(clip('日本語', 4), '日…');
  assert.equal(clip('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  assert.equal(clip('👩‍👩‍👧 and more', 9), '👩‍👩‍👧 a…');
  assert.equal(clip('abc', 0), '');
});

test('a text is filled up to its columns', () => {
  assert.equal(fit('日本', 6), '日本  ');
  assert.equal(widthOf(fit('日本語', 4)), 4);
});

test('a wide character at the edge goes to the next row as a whole', () => {
  assert.equal(rowsOf('日本語', 6), 1);
  assert.equal(rowsOf('日本語', 5), 2);
  assert.equal(rowsOf('日本語', 3), 3);
  assert.equal(rowsOf('', 3), 1);
});
