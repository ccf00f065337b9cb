import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goQuote } from './go-quote.ts';

test('text is quoted as Go does it', () => {
  assert.equal(goQuote('/bin/sh -c echo "hi"\\'), '"/bin/sh -c echo \\"hi\\"\\\\"');
  assert.equal(goQuote('a\tb\nc\x00\x1b\x7f'), '"a\\tb\\nc\\x00\\x1b\\x7f"');
  assert.equal(goQuote('grün 日本 🎉'), '"grün 日本 🎉"');
  assert.equal(goQuote('\u00a0\u200b\u{e0001}'), '"\\u00a0\\u200b\\U000e0001"');
});
