import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIgnored, readGitignore } from './gitignore.ts';

const ignored = (text: string, path: string, folder = false) =>
  isIgnored([readGitignore(text, '/w')], `/w/${path}`, { folder });

test('a name without a slash is ignored at any depth, with one only from the folder itself', () => {
  assert.equal(ignored('dist', 'a/b/dist'), true);
  assert.equal(ignored('/dist', 'a/dist'), false);
  assert.equal(ignored('/dist', 'dist'), true);
  assert.equal(ignored('a/dist', 'b/a/dist'), false);
  assert.equal(ignored('a/**/dist', 'a/x/y/dist'), true);
  assert.equal(ignored('*.log', 'x/y.log'), true);
  assert.equal(ignored('[!a].c', 'b.c'), true);
});

test('a slash at the end means folders alone, and the last line that matches decides', () => {
  assert.equal(ignored('out/', 'out'), false);
  assert.equal(ignored('out/', 'out', true), true);
  assert.equal(ignored('*.log\n!keep.log', 'keep.log'), false);
  assert.equal(ignored('# x\n\\#x', '#x'), true);
});

test('a deeper file overrules one above', () => {
  const files = [readGitignore('*.gen', '/w'), readGitignore('!a.gen', '/w/sub')];
  assert.equal(isIgnored(files, '/w/a.gen', { folder: false }), true);
  assert.equal(isIgnored(files, '/w/sub/a.gen', { folder: false }), false);
});
