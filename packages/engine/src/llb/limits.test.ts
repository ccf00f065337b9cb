import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostOf, needsOf, relaxed } from './limits.ts';

test('of two limits the looser holds, and none where one sets none', () => {
  assert.deepEqual(relaxed({ memory: 5 }, { memory: 7 }), { memory: 7 });
  assert.equal(relaxed({ memory: 5, cpuQuota: 1000, cpusetCpus: '0' }, undefined), undefined);
  // Shares and swap have other defaults than none.
  assert.deepEqual(relaxed({ cpuShares: 512, memorySwap: 9 }, {}), { cpuShares: 512, memorySwap: 9 });
  assert.deepEqual(relaxed({ memorySwap: -1 }, { memorySwap: 9 }), { memorySwap: -1 });
  assert.deepEqual(relaxed({ cpusetCpus: '0-3' }, { cpusetCpus: '5' }), { cpusetCpus: '0-3,5' });
});

test('of two shares of processor time the larger holds, and of equal ones that of the shorter period', () => {
  const half = { cpuPeriod: 100_000, cpuQuota: 50_000 };
  const more = { cpuPeriod: 50_000, cpuQuota: 30_000 };
  const same = { cpuPeriod: 10_000, cpuQuota: 5000 };
  assert.deepEqual(relaxed(half, more), more);
  assert.deepEqual(relaxed(more, half), more);
  assert.deepEqual(relaxed(half, same), same);
  assert.deepEqual(relaxed({ cpuQuota: 20_000 }, half), half);
});

test('limits are what a process is expected to take, and of several the most', () => {
  assert.deepEqual(needsOf({ memory: 5, cpuQuota: 150_000 }), { memory: 5, cpus: 1.5 });
  assert.equal(needsOf({ cpuShares: 5, cpuQuota: -1 }), undefined);
  assert.deepEqual(mostOf({ memory: 5, cpus: 1 }, { cpus: 2 }), { memory: 5, cpus: 2 });
  assert.deepEqual(mostOf(undefined, { cpus: 2 }), { cpus: 2 });
});
