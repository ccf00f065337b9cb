import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe } from './failure.ts';
import { shortName } from './format.ts';
import { memoryStream } from './recorded.fixture.ts';
import { table } from './table.ts';
import { harmless, oneLine, tame } from './tame.ts';

/** Clears the screen, sets the title, writes the clipboard, and turns the line around. */
const steering = 'a\u001b[2J\u001b]0;title\u0007\u001b]52;c;cm0gLXJm\u001b\\\u009b1mb\b\rc\u202ed';
// oxlint-disable-next-line no-control-regex
const control = /(?![\n\t])[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test('no text steers the terminal that it is shown on', () => {
  const shown = table(['NAME'], [[steering], ['two\nlines']], memoryStream());
  for (const text of [harmless(steering), oneLine(steering), shortName(steering), describe(new Error(steering)), shown])
    assert.doesNotMatch(text.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', ''), control);
  assert.match(shown, /^two lines$/m);
});

test('text that says something is left as it is', () => {
  const text = 'RUN echo "zażółć" \\\n\t&& make 日本語 👩‍👩‍👧';
  assert.equal(harmless(text), text);
  assert.equal(harmless('dos\r\nlines'), 'dos\nlines');
  assert.equal(oneLine('RUN <<EOF\n  make\nEOF'), 'RUN <<EOF make EOF');
});

test('a line of a log keeps its colours, and of what was overwritten the last', () => {
  assert.equal(tame('\u001b[31mred\u001b[0m\u001b[2K\u001b]8;;http://x\u0007'), '\u001b[31mred\u001b[0m');
  assert.equal(tame(' 10%\r100%\r'), '100%');
});
