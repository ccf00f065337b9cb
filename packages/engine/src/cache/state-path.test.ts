import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { statePath } from './state-path.ts';

test('state is where the environment says, inside of a cache that was named, or in the XDG state folder', () => {
  const env = { HOME: '/home/me', XDG_STATE_HOME: '/xdg', XDG_CACHE_HOME: '/cache' };
  assert.equal(statePath({ env }), '/xdg/monokit');
  assert.equal(statePath({ env: { HOME: '/home/me', XDG_STATE_HOME: 'relative' } }), '/home/me/.local/state/monokit');
  assert.equal(statePath({ env: { ...env, MONOKIT_CACHE_DIR: '/mine' } }), '/mine/state');
  assert.equal(statePath({ asked: '/asked', env: { ...env, MONOKIT_CACHE_DIR: '/mine' } }), '/asked/state');
  assert.equal(statePath({ asked: 'here', env }), join(process.cwd(), 'here/state'));
  assert.equal(statePath({ asked: '/asked', env: { ...env, MONOKIT_STATE_DIR: '/state' } }), '/state');
  assert.equal(statePath({ env: { ...env, MONOKIT_CACHE_DIR: '', MONOKIT_STATE_DIR: '' } }), '/xdg/monokit');
});
