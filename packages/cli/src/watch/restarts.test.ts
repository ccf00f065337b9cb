import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Restarts } from './restarts.ts';

const pauses = (restarts: Restarts, ...ends: readonly (readonly [failed: boolean, ran: number])[]) =>
  ends.map(([failed, ran]) => restarts.next({ failed, ran }));

test('a process is started again as its policy says', () => {
  assert.deepEqual(pauses(new Restarts({ when: 'never' }), [true, 0]), [undefined]);
  assert.deepEqual(pauses(new Restarts({ when: 'always' }), [false, 0], [true, 0]), [100, 200]);
  const failed = new Restarts({ when: 'failed', most: 2 });
  assert.deepEqual(pauses(failed, [false, 0], [true, 0], [true, 0], [true, 0]), [undefined, 100, 200, undefined]);
});

test('pauses grow to a minute, and begin anew after it ran for a while', () => {
  const restarts = new Restarts({ when: 'failed' });
  const all = Array.from({ length: 12 }, () => restarts.next({ failed: true, ran: 9_999 }));
  assert.deepEqual(all.slice(0, 3), [100, 200, 400]);
  assert.deepEqual(all.slice(-2), [60_000, 60_000]);
  assert.deepEqual(pauses(restarts, [true, 10_000], [true, 1]), [100, 200]);
});
