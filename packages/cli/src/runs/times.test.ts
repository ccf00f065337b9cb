import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '@monokit/engine';
import type { RecordedStep } from './record.ts';
import { slowest, timesOf, worthOf } from './times.ts';

const vertex = (name: string) => `sha256:${name}` as Digest;

/** A step of the stage of its name; without times one that did not run. */
function step(name: string, inputs: readonly string[], ran?: readonly [from: number, to: number, waited?: number]) {
  return {
    vertex: vertex(name),
    name: `[${name} 1/1] RUN x`,
    image: 'web',
    wantedBy: ['web'],
    uses: 1,
    inputs: inputs.map(vertex),
    status: ran ? 'run' : 'cached',
    ...(ran && { startedAt: ran[0], endedAt: ran[1], ...(ran[2] !== undefined && { waited: ran[2] }) }),
  } satisfies RecordedStep;
}

test('the critical path is the longest chain of what ran, through what did not', () => {
  const steps = [
    step('a', [], [0, 1000]),
    step('cached', ['a']),
    step('b', ['cached'], [1000, 4000]),
    step('c', [], [0, 3500]),
    step('d', ['b', 'c'], [4000, 4100]),
  ];
  assert.deepEqual(timesOf(steps, 0), { critical: { duration: 4100, path: ['web#a', 'web#b', 'web#d'] } });
});

test('what steps waited for their turn is recoverable, each moment once, and no more than the path leaves', () => {
  const queue = [step('a', [], [0, 1000]), step('b', [], [1000, 2000, 1000]), step('c', [], [2000, 3000, 2000])];
  assert.equal(timesOf(queue, 0).recoverable, 2000);
  const chain = [step('a', [], [0, 1000]), step('b', ['a'], [1200, 2000, 300])];
  assert.equal(timesOf(chain, 0).recoverable, 200);
  const idle = [step('a', [], [0, 1000]), step('b', ['a'], [5000, 6000])];
  assert.equal(timesOf(idle, 0).recoverable, undefined, 'nobody waited for a place');
  const short = [step('a', [], [0, 10]), step('b', [], [10, 20, 10])];
  assert.equal(timesOf(short, 0).recoverable, undefined);
});

test('what did not run has saved what it took before', () => {
  const steps = [step('a', []), step('b', ['a']), step('c', ['b'], [0, 30])];
  const before = new Map([
    [vertex('a'), 7],
    [vertex('c'), 100],
  ]);
  assert.deepEqual(
    worthOf(steps, (each) => before.get(each.vertex)),
    { spent: 30, saved: 7 },
  );
  assert.deepEqual(timesOf([step('a', [])], 7), { saved: 7 });
  assert.deepEqual(timesOf([], 0), {});
});

test('what a build does on its own account is no path of an image, and slow only where it takes long', () => {
  const metadata = (took: number) => ({ ...step('m', [], [0, took]), wantedBy: [] });
  const internal = { ...step('i', [], [0, 7]), name: '[internal] load build context' };
  assert.deepEqual(timesOf([metadata(112)], 0), {});
  assert.deepEqual(slowest({ steps: [metadata(112), internal, step('a', [], [0, 3])] }, 8), [step('a', [], [0, 3])]);
  assert.deepEqual(slowest({ steps: [metadata(2000)] }, 8), [metadata(2000)]);
});
