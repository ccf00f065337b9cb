import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryStore } from '../../packages/engine/src/content/memory.ts';
import { exporters } from '../../packages/engine/src/exporter/exporter.ts';
import { hostPlatform } from '../../packages/engine/src/oci/platform.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { Registries } from '../../packages/engine/src/registry/registry.ts';
import type { Session } from '../../packages/engine/src/session/session.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { startDockerd } from '../rig/dockerd.ts';
import { fakeRef, layerTar } from '../rig/fake-ref.ts';

test('docker loads a docker archive, pulls what was pushed, and runs both', async () => {
  const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path));
  assert.ok(busybox, 'this test needs a static busybox: apt-get install -y busybox-static');
  const layers = [
    { tar: layerTar({ 'bin/': '', 'bin/cat': readFileSync(busybox) }) },
    { tar: layerTar({ said: 'hello from inside' }) },
  ];
  const platform = hostPlatform();
  const { os, architecture } = platform;
  const history = [{ created_by: 'busybox' }, { created_by: 'said' }];
  const config = { os, architecture, config: { Cmd: ['/bin/cat', '/said'] }, history };
  const images = [{ platform, ref: fakeRef(layers), config }];
  await using folder = makeTempFolder();
  await using registry = await startDebianRegistry();
  await using registries = new Registries();
  await using pool = openPool();
  const deps = { content: new MemoryStore(), images: { get: () => undefined, put: async () => {} }, registries, pool };
  const session = { id: 'test', credentials: async () => undefined } as unknown as Session;
  const job = { session, signal: new AbortController().signal, report: () => {} };

  const archive = { kind: 'file', path: join(folder.path, 'image.tar') } as const;
  await exporters.docker.make(
    { images, multiPlatform: false, attrs: { name: 'app:v1' }, destination: archive },
    deps,
    job,
  );
  const pushed = `${registry.host}/team/app:v2`;
  const made = await exporters.image.make(
    { images, multiPlatform: false, attrs: { name: pushed, push: 'true' } },
    deps,
    job,
  );
  await made.finalise!();

  await using dockerd = await startDockerd();
  assert.match(await dockerd.docker('load', '-i', archive.path), /Loaded image: app:v1/);
  await dockerd.docker('pull', '-q', pushed);
  for (const name of ['app:v1', pushed]) {
    assert.equal(await dockerd.docker('run', '--rm', '--network', 'none', name), 'hello from inside');
  }
});
