import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { emptyModel } from './model.ts';
import { began, failed, start } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';

const statesAfter = (events: readonly RunEvent[]) => {
  const { images } = events.reduce(reduce, emptyModel(start));
  return Object.fromEntries([...images].map(([id, { state }]) => [id, state]));
};

test('an image that wants a step of another one is blocked by that, whichever is told of first', () => {
  const ends = failed.filter(({ kind }) => kind === 'task-failed');
  assert.equal(ends.length, 2);
  const before = failed.filter(({ kind }) => kind !== 'task-failed');
  for (const order of [ends, ends.toReversed()]) {
    const { api, web } = statesAfter([...before, ...order]);
    assert.equal(api!.kind, 'failed');
    assert.ok(web?.kind === 'blocked' && web.because === 'api');
  }
});

test('one that was given up because of the step that it needs is blocked; one that needs another is cancelled', () => {
  const before = failed.filter(({ kind }) => kind !== 'task-failed');
  const own = failed.find((event) => event.kind === 'task-failed' && event.task === 'api')!;
  const { web } = statesAfter([...before, own, { kind: 'task-cancelled', task: 'web', at: began }]);
  assert.deepEqual(web, { kind: 'blocked', because: 'api' });
  const unhurt = before.filter(({ kind }) => kind !== 'vertex-failed');
  assert.deepEqual(statesAfter([...unhurt, { kind: 'task-cancelled', task: 'web', at: began }])['web'], {
    kind: 'cancelled',
  });
});
