import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeText, timeText } from './units.ts';

test('sizes and times are short', () => {
  assert.deepEqual([0, 1023, 1024, 4_187_593_113].map(sizeText), ['0 B', '1023 B', '1.0 KiB', '3.9 GiB']);
  assert.deepEqual([300, 2500, 60_000, 600_000, 5_400_000, 3_661_000].map(timeText), [
    '300ms',
    '2.5s',
    '1m',
    '10m',
    '1h30m',
    '1h1m1s',
  ]);
});
