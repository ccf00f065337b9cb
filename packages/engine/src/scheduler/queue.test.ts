import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue, type Queued } from './queue.ts';

interface Number extends Queued {
  readonly value: number;
}

test('the first is always the least of what is there, whoever has left', () => {
  let looks = 0;
  const queue = new Queue<Number>((a, b) => {
    looks++;
    return a.value < b.value;
  });
  const count = 2000;
  // 997 and 2,000 have no common divisor: each value once, in disorder.
  const all = Array.from({ length: count }, (_, i): Number => ({ value: (i * 997) % count, place: -1 }));
  for (const each of all) queue.add(each);
  const gone = all.filter(({ value }) => value % 3 === 0);
  for (const each of gone) queue.remove(each);
  queue.remove(gone[0]!);
  assert.equal(queue.size, count - gone.length);
  const left: number[] = [];
  for (let next = queue.first; next; next = queue.first) {
    queue.remove(next);
    left.push(next.value);
  }
  assert.deepEqual(
    left,
    Array.from({ length: count }, (_, i) => i).filter((value) => value % 3 !== 0),
  );
  // Two for each level on the way down, one on the way up.
  assert.ok(looks < 3 * count * Math.log2(count), `${looks} comparisons`);
});
