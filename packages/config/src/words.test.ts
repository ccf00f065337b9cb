import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsOf } from './words.ts';

test('a command line is split as a shell quotes it', () => {
  for (const [line, words] of [
    ['', []],
    ['  node   server.js ', ['node', 'server.js']],
    [`sh -c 'echo "a b" \\x'`, ['sh', '-c', 'echo "a b" \\x']],
    [`a"b c"'d e'f ""`, ['ab cd ef', '']],
    ['a\\ b "c\\"d" "e\\f"', ['a b', 'c"d', 'e\\f']],
  ] as const)
    assert.deepEqual(wordsOf(line), words, line);
  for (const line of [`a 'b`, 'a "b', 'a\\']) assert.throws(() => wordsOf(line), TypeError);
});
