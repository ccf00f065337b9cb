import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { Devices } from './devices.ts';

const gpu = `
cdiVersion: "0.6.0"
kind: vendor.com/gpu
annotations: { org.mobyproject.buildkit.device.class: fast }
containerEdits: { env: [ALL=1] }
devices:
  - name: "0"
    containerEdits: { env: [GPU=0], deviceNodes: [{ path: /dev/gpu0, permissions: rw }] }
  - name: "1"
    annotations: { org.mobyproject.buildkit.device.autoallow: "true" }
    containerEdits: { env: [GPU=1], mounts: [{ hostPath: /lib/gpu, containerPath: /gpu, options: [ro] }] }
`;
const net = JSON.stringify({ kind: 'other.org/net', devices: [{ name: 'a', containerEdits: { env: ['NET=etc'] } }] });

/** Two folders of files, and what is read from them. */
async function devices(files: Readonly<Record<string, string>>): Promise<Devices> {
  await using temp = makeTempFolder({ prefix: 'cdi-test-' });
  const folders = ['etc', 'run'].map((name) => join(temp.path, name));
  for (const folder of folders) mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(temp.path, path), text);
  return await Devices.read([...folders, join(temp.path, 'none')]);
}

const asked = (...names: readonly string[]) => names.map((name) => ({ name, optional: false }));

test('a device is named in full, as the first or all of a kind, or by a class', async () => {
  const found = await devices({ 'etc/gpu.yaml': gpu, 'etc/net.json': net, 'etc/README': 'no device' });
  assert.deepEqual(found.find(asked('vendor.com/gpu=1')), ['vendor.com/gpu=1']);
  assert.deepEqual(found.find(asked('vendor.com/gpu')), ['vendor.com/gpu=0']);
  assert.deepEqual(found.find(asked('vendor.com/gpu=*', 'vendor.com/gpu=0', 'other.org/net')), [
    'vendor.com/gpu=0',
    'vendor.com/gpu=1',
    'other.org/net=a',
  ]);
  assert.deepEqual(found.find(asked('fast')), ['vendor.com/gpu=0', 'vendor.com/gpu=1']);
  assert.deepEqual(
    ['vendor.com/gpu=0', 'vendor.com/gpu=1'].map((name) => found.isOpen(name)),
    [false, true],
  );
});

test("a file's own edits come once, before those of its devices", async () => {
  const found = await devices({ 'etc/gpu.yaml': gpu, 'run/net.json': net });
  const edits = found.edits(['vendor.com/gpu=0', 'other.org/net=a', 'vendor.com/gpu=1']);
  assert.deepEqual(
    edits.map(({ env }) => env[0]),
    ['ALL=1', 'GPU=0', 'GPU=1', undefined, 'NET=etc'],
  );
  assert.deepEqual(edits[1]!.nodes, [{ path: '/dev/gpu0', permissions: 'rw' }]);
  assert.deepEqual(edits[2]!.mounts, [{ hostPath: '/lib/gpu', containerPath: '/gpu', options: ['ro'], type: 'bind' }]);
});

test('a device that is missing is told with what is near, unless it is optional', async () => {
  const found = await devices({ 'etc/gpu.yaml': gpu });
  assert.throws(() => found.find(asked('vendor.com/gpu=2')), /"vendor.com\/gpu=2" is not registered \(did you mean/);
  assert.throws(() => found.find(asked('x/y=z')), /; there is vendor.com\/gpu=0, vendor.com\/gpu=1$/);
  assert.deepEqual(found.find([{ name: 'x/y=z', optional: true }]), []);
  const none = await devices({});
  assert.throws(() => none.find(asked('x/y=z')), /; no CDI file in .*\/etc or .*\/run or .*\/none has a device$/);
});

test('a later folder comes before an earlier one; within one a device has one file', async () => {
  const other = net.replace('NET=etc', 'NET=run');
  const found = await devices({ 'etc/net.json': net, 'run/net.json': other });
  assert.deepEqual(found.edits(['other.org/net=a'])[1]!.env, ['NET=run']);
  await assert.rejects(
    devices({ 'run/a.json': net, 'run/b.json': other }),
    /the device other.org\/net=a is in two CDI files: .*a.json and .*b.json/,
  );
});

test('a file that cannot be used is told with file and field', async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{', /CDI file .*x.json can't be read: /],
    ['[]', /x.json can't be used: it is no object/],
    ['{"kind":"x"}', /kind is no vendor\/class/],
    ['{"kind":"a.b/c","devices":[{"name":"-"}]}', /devices\[0\].name is no name of a device/],
    [
      '{"kind":"a.b/c","containerEdits":{"deviceNodes":[{"path":"/x","major":"1"}]}}',
      /containerEdits.deviceNodes\[0\].major is no number/,
    ],
    ['{"kind":"a.b/c","containerEdits":{"hooks":[{"hookName":"x"}]}}', /hooks\[0\].hookName is none of prestart/],
    ['{"kind":"a.b/c","containerEdits":{"netDevices":[]}}', /netDevices is not supported/],
  ];
  for (const [text, message] of wrong) await assert.rejects(devices({ 'etc/x.json': text }), message, text);
});
