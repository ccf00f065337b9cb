import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from './sha256.ts';

test('digests of texts of all lengths around a block are those of OpenSSL', () => {
  for (let length = 0; length < 200; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCodePoint(0x20 + ((i * 7 + length) % 0x5f))).join('');
    assert.equal(sha256(text), hash('sha256', text, 'hex'), `${length}`);
  }
});

test('digests of long texts and of those that are not ASCII are those of OpenSSL', () => {
  for (const text of ['grüße 🐳 '.repeat(3000), '\0'.repeat(100_000), 'ÿ'.repeat(55), '\u{10ffff}\ud800'])
    assert.equal(sha256(text), hash('sha256', text, 'hex'));
});
