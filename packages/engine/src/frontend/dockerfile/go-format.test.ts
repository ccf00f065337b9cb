import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goHealthcheck, goQuoteList } from './go-format.ts';

test('quotes and structures are written as Go does', () => {
  assert.equal(goQuoteList(['a b', 'c']), '["a b" "c"]');
  assert.equal(
    goHealthcheck({ Test: ['CMD', 'x', 'y'], Interval: 5e9, Retries: 2 }),
    '{Test:[CMD x y] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s Retries:2}',
  );
});
