import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrownMap } from './grown-map.ts';

test('each map keeps what it had, whatever grows from it', () => {
  const first = GrownMap.of([['a', 1]]).with('b', 2);
  const [one, other] = [first.with('a', 3).with('c', 4), first.with('d', undefined as unknown as number)];
  assert.deepEqual(
    [...first],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.deepEqual(
    [...one],
    [
      ['a', 3],
      ['b', 2],
      ['c', 4],
    ],
  );
  assert.deepEqual([other.has('d'), other.has('c'), other.size], [true, false, 3]);
});

test('what was added last is found first', () => {
  const map = GrownMap.of([['a', 1]])
    .with('b', 2)
    .with('a', 3);
  assert.deepEqual(
    [...map.newest()].map(([key, value]) => `${key}${value}`),
    ['a3', 'b2', 'a1'],
  );
});

test('look-ups in a map that grew far find all of it', () => {
  let map = GrownMap.of<number>();
  for (let i = 0; i < 1000; i++) map = map.with(`k${i}`, i);
  assert.deepEqual(
    ['k0', 'k500', 'k999', 'none'].map((key) => map.has(key)),
    [true, true, true, false],
  );
  assert.equal(map.size, 1000);
});
