// Programs of another architecture in containers, by QEMU, which the kernel is told of for these containers alone.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { chrooted } from '../rig/chrooted.ts';
import { messageOf, openContainerRig, secret } from '../rig/container.ts';
import { foreignBusybox } from '../rig/foreign.ts';

const { path: busybox, architecture, machine } = foreignBusybox();
const platform = { os: 'linux', architecture };

test('a shell and what it starts run, in every network, and leave nothing', { skip: chrooted }, async () => {
  const handlers = () => readdirSync('/proc/sys/fs/binfmt_misc').toSorted();
  const before = handlers();
  await using rig = await openContainerRig({ busybox, network: 'bridge' });
  for (const network of ['none', 'host', 'sandbox'] as const) {
    const script = 'uname -m; echo $(cat /etc/passwd | head -n 1); ls /sys/class | grep -c ^net$';
    assert.equal(await rig.output(script, { platform, network }), `${machine}\nroot:x:0:0:root:/root:/bin/sh\n1\n`);
  }
  assert.deepEqual(handlers(), before);
  await rig.executor[Symbol.asyncDispose]();
  assert.deepEqual(rig.left(), []);
});

test('owners, scripts, users, devices, secrets and limits are as ever', { skip: chrooted }, async () => {
  await using rig = await openContainerRig({ busybox });
  const run = (what: string, options: Parameters<typeof rig.output>[1] = {}) =>
    rig.output(what, { platform, ...options });
  assert.equal(await run('touch /x && chown 1234:70000 /x && stat -c %u:%g /x'), '1234:70000\n');
  assert.equal(await run("printf '#!/bin/sh\\necho $0 $1' > /s; chmod +x /s; /s one"), '/s one\n');
  assert.equal(await run('id -u; id -g', { user: 'www' }), '33\n34\n');
  assert.equal(await run('echo lost > /dev/null; head -c 3 /dev/zero | wc -c'), '3\n');
  assert.equal(await run('cat /run/secret', { mounts: [secret('/run/secret', 'told')] }), 'told');
  const left = await rig.run('exit 7', { platform });
  assert.match(messageOf(left), /did not complete successfully: exit code: 7$/);
  const mighty = messageOf(await rig.run('true', { platform, security: 'insecure' }));
  assert.match(
    mighty,
    /^RUN --security=insecure for linux\/\w+ needs an emulator that the kernel was told of: docker /,
  );
  const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2> /dev/null; true';
  assert.equal(await run(limit, { resources: { memory: 67108864 } }), '67108864\n');
});

test('an abort kills what an emulator runs', { skip: chrooted }, async () => {
  await using rig = await openContainerRig({ busybox });
  const stop = new AbortController();
  const ran = await rig.run('echo up; sleep 1000', {
    platform,
    signal: stop.signal,
    onOutput: () => stop.abort(new Error('enough')),
  });
  assert.equal((ran.error as Error).message, 'enough');
  await rig.executor[Symbol.asyncDispose]();
  assert.deepEqual(rig.left(), []);
});
