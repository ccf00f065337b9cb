// Devices of the machine in containers, by files of the Container Device Interface.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { messageOf, openContainerRig } from '../rig/container.ts';

const temp = makeTempFolder({ prefix: 'executor-devices-' });
const rig = await openContainerRig({ deviceFolders: [temp.path] });
after(async () => {
  await rig[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

mkdirSync(join(temp.path, 'shared'));
writeFileSync(join(temp.path, 'shared/file'), 'of the host\n');
const hook = join(temp.path, 'hook');
const devices = [
  {
    name: 'full',
    containerEdits: {
      env: ['PATH=/other:/bin', 'LENT=yes'],
      deviceNodes: [
        { path: '/dev/mine', hostPath: '/dev/null', fileMode: 0o600 },
        { path: '/dev/said', type: 'c', major: 1, minor: 5, permissions: 'r' },
      ],
      mounts: [
        { hostPath: join(temp.path, 'shared'), containerPath: '/opt/shared', options: ['rbind', 'ro'] },
        { hostPath: join(temp.path, 'shared/file'), containerPath: '/opt/file', options: ['bind', 'ro'] },
      ],
      hooks: [{ hookName: 'createRuntime', path: '/bin/sh', args: ['sh', '-c', `echo hooked > ${hook}`] }],
      additionalGids: [4242],
    },
  },
  { name: 'gone', containerEdits: { deviceNodes: [{ path: '/dev/not-on-this-machine' }] } },
];
writeFileSync(join(temp.path, 'test.json'), JSON.stringify({ kind: 'test.org/x', devices }));
const full = { devices: [{ name: 'test.org/x=full', optional: false }] };

test('a container has nodes, variables, mounts, groups and hooks of its devices, and leaves none of it', async () => {
  const { upper, root } = rig.layer();
  const script = `
    stat -c '%a %u %F %t %T' /dev/mine; echo x > /dev/mine
    head -c 4 /dev/said | wc -c
    cat /opt/shared/file /opt/file; echo $LENT $PATH; id -G | grep -o 4242`;
  assert.deepEqual((await rig.output(script, { ...full, root })).split('\n'), [
    '600 0 character special file 1 3',
    '4',
    'of the host',
    'of the host',
    'yes /other:/bin',
    '4242',
    '',
  ]);
  assert.equal(await rig.output(`cat ${hook} 2>/dev/null; ls /dev/mine 2>/dev/null; true`), '');
  assert.equal(readFileSync(hook, 'utf8'), 'hooked\n');
  assert.equal(existsSync(join(upper, 'opt')), false);
});

test("a device is the process's own where the file does not say whose", async () => {
  assert.equal(await rig.output('stat -c "%u %g" /dev/mine', { ...full, user: '1234:5678' }), '1234 5678\n');
});

test('devices that are not there are told, unless they are optional', async () => {
  const one = (name: string, optional: boolean) => ({ devices: [{ name, optional }] });
  assert.match(messageOf(await rig.run('true', one('test.org/x=none', false))), /required device .* is not registered/);
  assert.equal((await rig.run('true', one('test.org/x=none', true))).error, undefined);
  assert.match(
    messageOf(await rig.run('true', one('test.org/x=gone', true))),
    /the device \/dev\/not-on-this-machine is not on this machine, though a CDI file names it/,
  );
});
