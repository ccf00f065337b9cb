import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from './failed.ts';
import { hasWildcards, matchGlob } from './glob.ts';
import { readIgnoreFile } from './ignore-file.ts';
import { cleanPath, PathFilter, PatternMatcher } from './patterns.ts';

const matching: readonly [pattern: string, path: string, matches: boolean][] = [
  ['**', 'file', true],
  ['**', 'file/', true],
  ['**/', 'file', true],
  ['**', '/', true],
  ['**', 'dir/file', true],
  ['**/file', 'file', true],
  ['**/file', 'dir/file', true],
  ['**/file', 'dir/dir/file', true],
  ['**/file', 'dir/filex', false],
  ['**/file', 'dir/xfile', false],
  ['**file', 'dir/xfile', true],
  ['**/file*', 'dir/dir/file.txt', true],
  ['**/file*txt', 'dir/dir/file.txt', true],
  ['**/file*.txt*', 'dir/dir/file.txtx', true],
  ['**/**/*.txt', 'dir/dir/file.txt', true],
  ['**/**/*.txt2', 'dir/dir/file.txt', false],
  ['**/*.txt', 'file.txt', true],
  ['a**/*.txt', 'a/file.txt', true],
  ['a**/*.txt', 'a/dir/dir/file.txt', true],
  ['a/*.txt', 'a/dir/file.txt', false],
  ['a/*.txt', 'a/file.txt', true],
  ['a/*.txt**', 'a/file.txt', true],
  ['a[b-d]e', 'ae', false],
  ['a[b-d]e', 'ace', true],
  ['a[b-d]e', 'aae', false],
  ['a[^b-d]e', 'aze', true],
  ['.*', '.foo', true],
  ['.*', 'foo', false],
  ['abc.def', 'abcZdef', false],
  ['abc?def', 'abcZdef', true],
  ['abc?def', 'abcdef', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['**/foo/bar', 'foo/bar', true],
  ['**/foo/bar', 'dir/dir2/foo/bar', true],
  ['abc/**', 'abc', false],
  ['abc/**', 'abc/def/ghi', true],
  ['**/.foo', '.foo', true],
  ['**/.foo', 'bar.foo', false],
  ['a(b)c/def', 'a(b)c/def', true],
  ['a.|)$(}+{bc', 'a.|)$(}+{bc', true],
  [
    'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl',
    'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl',
    true,
  ],
  ['docs', 'docs/readme/x', true],
  ['docs/', 'docs/readme', true],
  ['./docs/../src', 'src/a', true],
];

test('patterns match as in .dockerignore', () => {
  for (const [pattern, path, matches] of matching) {
    assert.equal(new PatternMatcher([pattern]).matches(path), matches, `${pattern} against ${path}`);
  }
});

test('the last pattern that matches decides', () => {
  const list = new PatternMatcher(['docs', '!docs/README.md', 'docs/**/secret']);
  assert.equal(list.matches('docs/a'), true);
  assert.equal(list.matches('docs/README.md'), false);
  assert.equal(list.matches('docs/README.md/secret'), true);
  assert.equal(list.matches('src/a'), false);
  assert.equal(list.hasExceptions, true);
});

test('matching with the parent state gives what matching alone gives', () => {
  const lists = [
    ['a', '!a/b', 'a/b/c'],
    ['**/x', '!y/x'],
    ['*', '!a/b/c'],
    ['a/**', '!a/**/b', 'a/x/b'],
  ];
  const names = ['a', 'b', 'c', 'x', 'y'];
  for (const patterns of lists) {
    const list = new PatternMatcher(patterns);
    for (const one of names) {
      const first = list.match(one);
      for (const two of names) {
        const second = list.match(`${one}/${two}`, first);
        assert.equal(second.matched, list.matches(`${one}/${two}`));
        for (const three of names) {
          const path = `${one}/${two}/${three}`;
          assert.equal(list.match(path, second).matched, list.matches(path), `${patterns.join(' ')} against ${path}`);
        }
      }
    }
  }
});

test('a pattern that cannot be read is refused by name', () => {
  for (const pattern of ['!', 'a[', 'a[]', 'a[b', 'a\\', '[-a]', '[a-]']) {
    assert.throws(
      () => new PatternMatcher([pattern]),
      (error) => failedOf(error, 'bad-pattern') !== undefined,
      pattern,
    );
  }
});

test('a filter selects what is included and not excluded, and skips folders where nothing can pass', () => {
  const filter = new PathFilter({ include: ['src/*', 'docs/a'], exclude: ['**/*.log'] });
  const root = (path: string, directory: boolean) => filter.visit(path, { directory });
  assert.deepEqual(pick(root('src', true)), { selected: false, descend: true });
  assert.deepEqual(pick(root('node_modules', true)), { selected: false, descend: false });
  assert.deepEqual(pick(root('docs', true)), { selected: false, descend: true });
  const docs = root('docs', true);
  assert.deepEqual(pick(filter.visit('docs/a', { directory: true }, docs)), { selected: true, descend: true });
  assert.deepEqual(pick(filter.visit('docs/b', { directory: true }, docs)), { selected: false, descend: false });
  assert.deepEqual(
    pick(filter.visit('docs/a/x.log', { directory: false }, filter.visit('docs/a', { directory: true }, docs))),
    {
      selected: false,
      descend: false,
    },
  );
});

test('an excluded folder is walked only where an exception may lie in it', () => {
  const filter = new PathFilter({ exclude: ['*', '!a/b/keep'] });
  assert.deepEqual(pick(filter.visit('a', { directory: true })), { selected: false, descend: true });
  assert.deepEqual(pick(filter.visit('c', { directory: true })), { selected: false, descend: false });
  const a = filter.visit('a', { directory: true });
  assert.equal(filter.visit('a/b', { directory: true }, a).descend, true);
  const b = filter.visit('a/b', { directory: true }, a);
  assert.equal(filter.visit('a/b/keep', { directory: false }, b).selected, true);
});

test('globs are those of filepath.Match', () => {
  const table: readonly [pattern: string, name: string, matches: boolean][] = [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'abc/b', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['ab[c]', 'abc', true],
    ['ab[^c]', 'abc', false],
    ['a\\*b', 'ab', false],
    ['[\\]a]', ']', true],
    ['[x\\-]', '-', true],
    ['[\\-x]', 'a', false],
    ['a?b', 'a☺b', true],
    ['[a-ζ]*', 'α', true],
    ['a?b', 'a/b', false],
    ['[z-a]', 'm', false],
  ];
  for (const [pattern, name, matches] of table) assert.equal(matchGlob(pattern, name), matches, `${pattern} ${name}`);
  assert.equal(hasWildcards('a\\*b'), false);
  assert.equal(hasWildcards('a/[b]'), true);
});

test('an ignore file loses comments, blank lines, leading slashes and its byte order mark', () => {
  const text = '\uFEFF# a comment\n\n/docs/\n  *.log \r\n! /docs/keep\n!\n#x\n./a/../b\n/\n';
  assert.deepEqual(readIgnoreFile(text), ['docs', '*.log', '!docs/keep', '!', 'b', '/']);
});

test('paths are cleaned as by filepath.Clean', () => {
  for (const [path, cleaned] of [
    ['', '.'],
    ['a//b/', 'a/b'],
    ['../a/.', '../a'],
    ['/..', '/'],
    ['/a/../..', '/'],
  ]) {
    assert.equal(cleanPath(path!), cleaned);
  }
});

function pick({ selected, descend }: { selected: boolean; descend: boolean }) {
  return { selected, descend };
}
