// Who may not mount is told so, and not only that the system refused something.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { bin, environment, Rig } from '../rig/rig.ts';

test('a RUN without the right to mount says what is missing', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN true\n' });
  // As in a container without privileges.
  const args = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', bin, 'build', ...rig.busybox, rig.dir];
  const env = { ...environment, MONOKIT_CACHE_DIR: rig.cacheDir };
  const { status, stderr } = spawnSync('setpriv', args, { env, encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /could not be started: .*; root here may not administer the system .* --privileged; `cli doctor` tells/,
  );
});
