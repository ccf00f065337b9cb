import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostPlatform } from '../oci/platform.ts';
import { makeTempFolder } from '../std/temp.ts';
import { emulationOf, unsupported } from './emulator.ts';
import { exitProgram } from './foreign-program.ts';

const linux = (architecture: string) => ({ os: 'linux', architecture });

test('the smallest program of this machine ends with 0', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'exit');
  writeFileSync(path, exitProgram(hostPlatform().architecture)!, { mode: 0o755 });
  assert.equal(spawnSync(path).status, 0);
});

test('what runs here is found by running it, what only lies here by its name', async () => {
  await using folder = makeTempFolder();
  const { architecture } = hostPlatform();
  const options = { folder: folder.path, find: () => '/opt/qemu' };
  assert.deepEqual(await emulationOf(linux(architecture), options), { kind: 'native' });
  // The machine's own programs run, whichever machine they are said to be foreign to.
  assert.deepEqual(await emulationOf(linux(architecture), { ...options, host: linux('mips') }), { kind: 'registered' });
  // Nobody emulates these.
  assert.deepEqual(await emulationOf(linux('vax'), options), { kind: 'unregistered', path: '/opt/qemu' });
  assert.deepEqual(await emulationOf(linux('vax'), { ...options, find: () => undefined }), { kind: 'none' });
});

test('what does not run is told with what to install', () => {
  const told = unsupported({ os: 'linux', architecture: 'arm64' }, { kind: 'none' }).message;
  assert.match(told, /linux\/arm64; install an emulator: apt-get install -y qemu-user-static, or docker run /);
  const old = unsupported(linux('arm64'), { kind: 'unregistered', path: '/bin/q' }, new Error('mount: no')).message;
  assert.match(old, /\/bin\/q for linux\/arm64 is here, .*Linux 6\.7 \(mount: no\); tell it: docker run /);
  assert.match(unsupported({ os: 'windows', architecture: 'amd64' }, { kind: 'none' }).message, /only Linux ones can/);
});
