import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from '../../std/failed.ts';
import { expand, expandWords } from './words.ts';

const variables = new Map([
  ['HOME', '/root'],
  ['empty', ''],
  ['path', '/a/b/c.tar.gz'],
  ['lines', 'one\ntwo'],
  ['星', '★'],
]);

const expansions: readonly [word: string, text: string][] = [
  ['plain', 'plain'],
  ['$HOME/x', '/root/x'],
  ['${HOME}x', '/rootx'],
  ['$HOMEx', ''],
  ['$nothing', ''],
  ['a$', 'a$'],
  ['$.', '$.'],
  ['$1x', 'x'],
  ['$$', ''],
  ['\\$HOME', '$HOME'],
  ["'$HOME'", '$HOME'],
  ['"$HOME"', '/root'],
  ['"\\$HOME \\" \\n"', '$HOME " \\n'],
  ["'\\'", '\\'],
  ['a\\', 'a'],
  ['a\\ b', 'a b'],
  ['${nothing:-word}', 'word'],
  ['${empty:-word}', 'word'],
  ['${empty-word}', ''],
  ['${nothing-word}', 'word'],
  ['${HOME:+word}', 'word'],
  ['${empty:+word}', ''],
  ['${empty+word}', 'word'],
  ['${nothing+word}', ''],
  ['${HOME:?needed}', '/root'],
  ['${empty?needed}', ''],
  ['${nothing:-${HOME}/$empty"a b"}', '/root/a b'],
  ['${path#*/}', 'a/b/c.tar.gz'],
  ['${path##*/}', 'c.tar.gz'],
  ['${path%.*}', '/a/b/c.tar'],
  ['${path%%.*}', '/a/b/c'],
  ['${path#nothing}', '/a/b/c.tar.gz'],
  ['${path%?gz}', '/a/b/c.tar'],
  ['${path/\\//-}', '-a/b/c.tar.gz'],
  ['${path//\\//-}', '-a-b-c.tar.gz'],
  ['${path//[abc]/x}', '/a/b/c.tar.gz'],
  ['${path/b*/x}', '/a/x'],
  ['${lines#*e}', '\ntwo'],
  ['$星', '★'],
  ['a<b', 'a<b'],
];

test('words are expanded as in a shell', () => {
  for (const [word, text] of expansions) assert.equal(expand(word, variables).text, text, word);
});

const broken: readonly [word: string, why: RegExp][] = [
  ["it's", /single-quote/],
  ['"open', /double-quote/],
  ['${}', /bad substitution/],
  ['${:x}', /bad substitution/],
  ['${HOME', /missing '}'/],
  ['${HOME:-x', /missing '}'/],
  ['${HOME/a', /missing '\/'/],
  ['${HOME/a/b', /missing '}'/],
  ['${HOME!x}', /unsupported modifier \(!\)/],
  ['${HOME:#x}', /unsupported modifier \(:#\)/],
  ['${HOME#\\x}', /invalid escape '\\x'/],
  ['${nothing:?set it}', /nothing: set it/],
  ['${nothing?}', /nothing: is not allowed to be unset/],
  ['${empty:?}', /empty: is not allowed to be empty/],
  ['${a:-'.repeat(1000) + '}'.repeat(1000), /nested more than/],
];

test('words that cannot be expanded say why', () => {
  for (const [word, why] of broken) {
    assert.throws(
      () => expand(word, variables),
      (error) => why.test(failedOf(error, 'dockerfile-mistake')?.message ?? ''),
      word.slice(0, 40),
    );
  }
});

test('an expansion tells which names it found', () => {
  const { matched, unmatched } = expand('$HOME ${nothing:-$other} $HOME', variables);
  assert.deepEqual([...matched], ['HOME']);
  assert.deepEqual([...unmatched].sort(), ['nothing', 'other']);
});

test('another escape character leaves backslashes alone', () => {
  assert.equal(expand('C:\\dir `$HOME', variables, { escape: '`' }).text, 'C:\\dir $HOME');
});

test('quotes, escapes and unset names can stay', () => {
  const kept = expand('"$HOME" \'a\' $nothing ${nothing:-x}', variables, { keepQuotes: true, keepUnset: true });
  assert.equal(kept.text, '"/root" \'a\' $nothing ${nothing:-x}');
  assert.equal(expand('a\\ b', variables, { keepEscapes: true }).text, 'a\\ b');
  assert.equal(expand(`"it's $HOME"`, variables, { plainQuotes: true }).text, `"it's /root"`);
});

test('words split where blanks are not protected', () => {
  const values = new Map([['two', 'a  b']]);
  assert.deepEqual(expandWords('x$two "$two" a\\ b', values), ['xa', 'b', 'a  b', 'a b']);
});

test('patterns take no longer than they must', () => {
  const long = new Map([['a', 'a'.repeat(100_000)]]);
  const started = process.cpuUsage();
  assert.equal(expand('${a//*a*a*a*a*a*b/x}', long).text.length, 100_000);
  assert.equal(expand('${a%%*a*a*a*a*b}', long).text.length, 100_000);
  // Of this process alone, however busy the machine is.
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 1_000_000, `${user + system} µs`);
});
