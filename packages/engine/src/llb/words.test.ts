import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from '../std/failed.ts';
import { EnvList } from './env.ts';
import { gitIdentifier, parseGitUrl } from './git-url.ts';
import { goJson } from './go-json.ts';
import { basePath, joinPath } from './path.ts';
import { splitWords } from './shell-words.ts';

test('commands are split as google/shlex splits them', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['echo "a b" c', ['echo', 'a b', 'c']],
    [`echo 'a "b" \\' c`, ['echo', 'a "b" \\', 'c']],
    ['a\\ b "c\\"d" ""', ['a b', 'c"d', '']],
    ['a#b # comment\nc', ['a#b', 'c']],
    ['  x\ty\r\n', ['x', 'y']],
    [`a"b"'c'd`, ['abcd']],
    ['', []],
  ];
  for (const [command, words] of table) assert.deepEqual(splitWords(command), words, command);
  for (const command of ['echo "a', "echo 'a", 'echo \\']) {
    assert.throws(
      () => splitWords(command),
      (error) => failedOf(error, 'llb-invalid') !== undefined,
    );
  }
});

test('repositories are named by host and path, whatever the protocol', () => {
  const table: readonly (readonly [string, string, string | undefined])[] = [
    ['https://github.com/a/b.git', 'github.com/a/b.git', 'https://github.com/a/b.git'],
    ['https://user:pw@host:8443/a/../b.git', 'host:8443/b.git', 'https://user:pw@host:8443/a/../b.git'],
    ['HTTPS://host/a%20b?x=1#main:sub/../dir', 'host/a b#main:dir', 'https://host/a%20b'],
    ['git@github.com:a/b.git#v1', 'github.com/a/b.git#v1', 'git@github.com:a/b.git'],
    ['ssh://git@host/a.git', 'host/a.git', 'ssh://git@host/a.git'],
    ['github.com/a/b', 'github.com/a/b', 'https://github.com/a/b'],
    ['file:///srv/a.git', 'file:///srv/a.git', 'file:///srv/a.git'],
    ['https://host/100%', 'host/100%', 'https://host/100%'],
  ];
  for (const [text, identifier, url] of table) {
    const remote = parseGitUrl(text);
    const subdir = joinPath('/', remote.subdir).slice(1);
    assert.equal(gitIdentifier(remote, remote.ref, subdir), identifier, text);
    assert.equal(remote.url, url, text);
  }
});

test('JSON is printed as Go prints it', () => {
  const table: readonly (readonly [Parameters<typeof goJson>[0], string])[] = [
    ['<a> & "b"\\', '"\\u003ca\\u003e \\u0026 \\"b\\"\\\\"'],
    ['\b\f\n\r\t\u0001\u007f', '"\\b\\f\\n\\r\\t\\u0001\u007f"'],
    ['\u2028\u2029é😀', '"\\u2028\\u2029é😀"'],
    ['\ud800', '"\ufffd"'],
    [9_223_372_036_854_775_807n, '9223372036854775807'],
    [new Uint8Array([255, 254]), '"//4="'],
    [
      new Map([
        ['10', 1],
        ['2', 2],
        ['\u{10000}', 3],
        ['\uffff', 4],
      ]),
      '{"10":1,"2":2,"\uffff":4,"\u{10000}":3}',
    ],
    [{ b: 1, left: undefined, a: [] }, '{"b":1,"a":[]}'],
  ];
  for (const [value, json] of table) assert.equal(goJson(value), json);
});

test('paths are those of Go', () => {
  assert.deepEqual(
    [
      ['/', ''],
      ['a', '', 'b/'],
      ['', ''],
      ['/a', '../../b'],
      ['.', 'x'],
    ].map((parts) => joinPath(...parts)),
    ['/', 'a/b', '', '/b', 'x'],
  );
  assert.deepEqual(['', '/', '//', '/a/', 'a/b', '.'].map(basePath), ['.', '/', '/', 'a', 'b', '.']);
});

test('environments share what they build on', () => {
  const base = EnvList.of(['A=1', 'B=2=3', 'C', '=x']);
  const more = base.set('A', '4').delete('B').setDefault('C', 'no').setDefault('D', '5');
  assert.deepEqual(base.toArray(), ['A=1', 'B=2=3', 'C=']);
  assert.deepEqual(more.toArray(), ['C=', 'A=4', 'D=5']);
  assert.equal(more.get('B'), undefined);
  assert.equal(more.get('A'), '4');
  assert.deepEqual([...more.keys()], ['C', 'A', 'D']);
});
