import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../ui/recorded.fixture.ts';
import { ownTimes } from './own-times.ts';
import type { RecordedStep } from './record.ts';

function step(startedAt: number, endedAt: number, cpuTime?: number): RecordedStep {
  const about = { vertex: digest('a'), name: 'RUN x', wantedBy: ['api'], uses: 1, inputs: [] };
  return { ...about, status: 'run', startedAt, endedAt, ...(cpuTime !== undefined && { cpuTime }) };
}

const alone = (steps: readonly RecordedStep[], cpus: number) =>
  [...ownTimes(steps, cpus).values()].map(({ ms, busy }) => [Math.round(ms), Math.round(busy * 100)]);

test('what has a processor for itself takes what it took', () => {
  assert.deepEqual(alone([step(0, 5000, 5000), step(0, 5000, 5000), step(6000, 6100)], 2), [
    [5000, 100],
    [5000, 100],
    [100, 100],
  ]);
});

test('what shared processors takes less alone, for as long as it shared them', () => {
  const four = Array.from({ length: 4 }, () => step(0, 20_000, 10_000));
  assert.deepEqual(
    alone(four, 2),
    four.map(() => [10_000, 100]),
  );
  // The last second is its own.
  assert.deepEqual(alone([step(0, 3000), step(0, 2000)], 1), [
    [2000, 100],
    [1000, 100],
  ]);
});

test('what sleeps or waits for a network is not quicker alone', () => {
  const sleeping = Array.from({ length: 4 }, () => step(0, 60_000, 10));
  for (const [ms] of alone(sleeping, 1)) assert.ok(ms! > 58_000, `${ms}`);
});

test('a step that failed counts among those that were there, and one that did not run is none', () => {
  const failed: RecordedStep = { ...step(0, 1000), status: 'failed' };
  const cached: RecordedStep = { ...step(0, 1000), status: 'cached' };
  assert.deepEqual(alone([failed, cached, step(0, 1000)], 1), [
    [500, 100],
    [500, 100],
  ]);
  assert.deepEqual(alone([], 1), []);
});
