// Generated workspaces and changes; `npm run oracle -- affected` goes on with other seeds for as long as it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tryAffected } from './affected-trial.ts';

test('what is affected is what a full build changes, in generated workspaces', async () => {
  let asked = 0;
  const needless: string[] = [];
  for (const seed of [2, 3, 5, 8]) {
    const findings = await tryAffected(seed, 10);
    assert.deepEqual(findings.missed, [], 'it has changed, and was not told');
    asked += findings.asked;
    needless.push(...findings.needless);
  }
  assert.ok(asked > 150, `only ${asked} were asked about`);
  assert.ok(needless.length <= 0.02 * asked, `${needless.length} of ${asked} are as before:\n${needless.join('\n')}`);
});
