// Generated workspaces and changes; `npm run oracle -- plan` goes on with other seeds for as long as it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryPlan } from './plan-trial.ts';

test('plan, --frozen and why --next say what a build then does, in generated workspaces', async () => {
  let steps = 0;
  for (const seed of [1, 5, 8]) {
    const findings = await tryPlan(seed, 5);
    assert.deepEqual(findings.wrong, []);
    steps += findings.steps;
  }
  assert.ok(steps > 150, `only ${steps} steps were foretold`);
});
