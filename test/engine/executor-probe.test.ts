import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { probe } from '../../packages/engine/src/executor/probe.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';

test('a machine that runs these tests has all that RUN needs, and is told how to get the rest', async () => {
  await using folder = makeTempFolder();
  const findings = await probe({ folder: folder.path });
  assert.deepEqual(
    findings.filter(({ state }) => state === 'missing'),
    [],
  );
  const byName = Object.fromEntries(findings.map((finding) => [finding.name, finding]));
  assert.match(byName['runtime']!.detail, /^\/.*(runc|crun) \d/);
  assert.equal(byName['mounts']!.state, 'ok');
  for (const { state, mend, name } of findings) {
    if (state === 'limited' && !['seccomp', 'user namespaces'].includes(name)) assert.ok(mend, name);
  }
  assert.equal(existsSync(`/sys/fs/cgroup/monokit/probe-${process.pid}`), false);
});
