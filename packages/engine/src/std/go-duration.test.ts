import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration, parseGoDuration } from './go-duration.ts';

test('durations are written and read as Go does', () => {
  const table: readonly [text: string, nanoseconds: number][] = [
    ['0s', 0],
    ['1ns', 1],
    ['1.5µs', 1500],
    ['100ms', 1e8],
    ['1.5s', 1.5e9],
    ['1m0s', 6e10],
    ['1h30m0.5s', 5.4005e12],
    ['-2s', -2e9],
  ];
  for (const [text, nanoseconds] of table) {
    assert.equal(goDuration(nanoseconds), text);
    assert.equal(parseGoDuration(text), nanoseconds);
  }
  assert.equal(parseGoDuration('.5m'), 3e10);
  assert.throws(() => parseGoDuration('5'), /missing unit in duration "5"/);
  assert.throws(() => parseGoDuration('5x'), /unknown unit "x"/);
  assert.throws(() => parseGoDuration('s'), /invalid duration/);
});
