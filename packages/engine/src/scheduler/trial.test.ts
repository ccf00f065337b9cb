import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler } from './scheduler.ts';
import { tryOut, type TrialStep } from './trial.ts';

const like = (cpus: number, concurrency?: number) =>
  new Scheduler({ budget: () => ({ cpu: cpus * 1000, memory: 1 }), ...(concurrency !== undefined && { concurrency }) });

/** A process that needs a whole processor; `path` says how much waits for it. */
const step = (duration: number, inputs: readonly number[] = [], path = duration): TrialStep => ({
  inputs,
  duration,
  admit: (scheduler) => scheduler.admit({ path, needs: { cpu: 1000, memory: 0 } }),
});

const ends = async (steps: readonly TrialStep[], scheduler: Scheduler) =>
  (await tryOut(steps, scheduler, { cpus: 2 })).map(({ endsAt }) => endsAt);

test('a chain takes the sum, what is independent the longest, as far as there are processors', async () => {
  assert.deepEqual(await ends([step(10), step(20, [0]), step(5, [1])], like(2)), [10, 30, 35]);
  assert.deepEqual(await ends([step(10), step(20), step(5, [0, 1])], like(2)), [10, 20, 25]);
  assert.deepEqual(await ends([step(10), step(20), step(30)], like(1)), [60, 50, 30], 'the longest path first');
});

test('steps without a process are bound by --concurrency alone', async () => {
  const plain = (duration: number): TrialStep => ({
    inputs: [],
    duration,
    admit: (scheduler) => scheduler.admit({ path: duration }),
  });
  assert.deepEqual(await ends([plain(10), plain(10), plain(10)], like(1)), [10, 10, 10]);
  assert.deepEqual(await ends([plain(10), plain(10), plain(10)], like(1, 2)), [10, 10, 20]);
});

test('steps that want more processors than there are share them, as far as they want one', async () => {
  const busy = (duration: number, share: number): TrialStep => ({
    ...step(duration),
    busy: share,
    admit: (scheduler) => scheduler.admit({ path: duration }),
  });
  assert.deepEqual(await ends([busy(10, 1), busy(10, 1)], like(8)), [10, 10]);
  assert.deepEqual(await ends([busy(10, 1), busy(10, 1), busy(20, 1), busy(20, 1)], like(8)), [20, 20, 30, 30]);
  assert.deepEqual(await ends([busy(10, 0), busy(10, 1), busy(10, 1)], like(8)), [10, 10, 10]);
  assert.deepEqual(
    await ends(
      Array.from({ length: 8 }, () => busy(10, 0.5)),
      like(8),
    ),
    Array(8).fill(15),
  );
});

test('a thousand steps are tried out in no time, and the scheduler itself is not touched', async () => {
  const scheduler = like(4);
  const steps = Array.from({ length: 1000 }, (_, i) => step(100, i < 100 ? [] : [i - 100]));
  const started = performance.now();
  assert.equal(Math.max(...(await ends(steps, scheduler))), 25_000);
  assert.ok(performance.now() - started < 25_000);
  assert.equal(scheduler.waiting, 0);
});

test('nothing to do takes no time', async () => {
  assert.deepEqual(await tryOut([], like(1), { cpus: 1 }), []);
});
