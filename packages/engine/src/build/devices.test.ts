import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { checkDevices } from './devices.ts';

const temp = makeTempFolder({ prefix: 'devices-test-' });
after(() => temp[Symbol.asyncDispose]());
const open = { 'org.mobyproject.buildkit.device.autoallow': 'true' };
const spec = { kind: 'v.com/d', devices: [{ name: 'a' }, { name: 'b' }, { name: 'free', annotations: open }] };
writeFileSync(join(temp.path, 'v.json'), JSON.stringify(spec));

const check = (device: string, ...granted: readonly string[]) =>
  checkDevices(
    { name: 'RUN x', source: { file: 'Dockerfile', lines: [3, 3] } },
    { cdiDevices: [{ name: device, optional: false }] },
    { granted, folders: [temp.path] },
  );

test('a device is for whom it was allowed, by name or with all others', async () => {
  await check('v.com/d=a', 'device');
  await check('v.com/d=a', 'device=v.com/d=a');
  await check('v.com/d', 'device=v.com/d=a');
  await check('v.com/d=*', 'device=v.com/d=*');
  await check('v.com/d=free');
  await assert.rejects(
    check('v.com/d=b', 'network.host', 'device=v.com/d=a'),
    /^Failed: RUN x \(Dockerfile:3\) needs the device v.com\/d=b, which is not allowed: pass --allow device=v.com\/d=b$/,
  );
});

test('a device that is not there is told with the step that wants it', async () => {
  await assert.rejects(check('v.com/d=c', 'device'), /RUN x \(Dockerfile:3\): required device "v.com\/d=c" is not/);
});
