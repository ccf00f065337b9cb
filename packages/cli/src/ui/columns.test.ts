import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import stringWidth from 'string-width';
import { clip, fit, rowsOf, widthOf } from './columns.ts';

test('each sign takes what string-width says', () => {
  for (let code = 0x20; code < 0x3000; code++) {
    const sign = String.fromCodePoint(code);
    // What steers a terminal is gone before anything is counted.
    if (code >= 0x7f && code < 0xa0) continue;
    assert.equal(widthOf(sign), stringWidth(sign), `U+${code.toString(16)}`);
  }
});

test('our own signs are counted without string-width', () => {
  const script = `import { registerHooks } from 'node:module';
    import { clip, widthOf } from ${JSON.stringify(new URL('columns.ts', import.meta.url).href)};
    let loads = 0;
    registerHooks({ resolve: (name, context, next) => ((loads += name === 'string-width' ? 1 : 0), next(name, context)) });
    const width = widthOf('✔ ⚡ ✖ ⊘ ☁ ▸ ❯ │ ├ └ ─ ▏ ▰ · … → ↓ grüße');
    clip('a → b', 3);
    console.log(width, loads, widthOf('日'), loads);`;
  const flags = ['--conditions=source', '--input-type=module', '-e'];
  assert.equal(execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' }), '40 0 2 1\n');
});

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
