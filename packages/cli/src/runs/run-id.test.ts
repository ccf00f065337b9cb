import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRunId, timeOfRun } from './run-id.ts';

test('ids sort by the time when their runs began, and tell it', () => {
  const times = [0, 1, 31, 32, 1_000_000, Date.UTC(2026, 0, 2), Date.UTC(2026, 0, 2) + 1, Date.UTC(9999, 0, 1)];
  const ids = times.map(newRunId);
  assert.deepEqual(ids.toSorted(), ids);
  assert.deepEqual(ids.map(timeOfRun), times);
});

test('runs of the same moment have other ids; what is no id is none', () => {
  assert.equal(new Set(Array.from({ length: 100 }, () => newRunId(5))).size, 100);
  for (const each of ['', 'history', '01m82tdcge646xw', '01m82tdcge646xwl', '../../etc/passwd']) {
    assert.equal(timeOfRun(each), undefined);
  }
});
