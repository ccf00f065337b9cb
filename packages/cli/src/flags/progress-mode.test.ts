import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { progressMode } from './progress-mode.ts';

const none = { quiet: false, json: false, progress: undefined };

test('progressMode takes what was typed before what the environment says', () => {
  assert.equal(progressMode(none, {}), 'auto');
  assert.equal(progressMode({ ...none, quiet: true, progress: 'plain' }, { MONOKIT_PROGRESS: 'plain' }), 'quiet');
  assert.equal(progressMode({ ...none, quiet: true, json: true }, { MONOKIT_QUIET: '1' }), 'json');
  assert.equal(progressMode({ ...none, quiet: true }, { MONOKIT_QUIET: '1' }), 'quiet');
  assert.equal(progressMode({ ...none, progress: 'rawjson', json: true }, {}), 'json');
  assert.equal(progressMode({ ...none, progress: 'auto', quiet: true }, {}), 'quiet');
});

test('progressMode refuses two ways at once, whichever comes first', () => {
  for (const flags of [
    { ...none, quiet: true, json: true },
    { ...none, quiet: true, progress: 'plain' },
    { ...none, json: true, progress: 'tty' },
  ])
    assert.throws(() => progressMode(flags, {}), Mistake);
});
