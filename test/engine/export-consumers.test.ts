import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryStore } from '../../packages/engine/src/content/memory.ts';
import { exporters, type ExportImage, type ExportInput } from '../../packages/engine/src/exporter/exporter.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { Registries } from '../../packages/engine/src/registry/registry.ts';
import type { Session } from '../../packages/engine/src/session/session.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { fakeRef, layerTar } from '../rig/fake-ref.ts';

/** Runs a program of the system; fails with what to install where it is missing. */
function run(program: string, ...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(`this test needs ${program}: apt-get install -y ${program}`);
  }
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const layers = [{ tar: layerTar({ 'etc/': '', 'etc/one': '1' }) }, { tar: layerTar({ 'etc/two': '2' }) }];

function image(architecture: string): ExportImage {
  return {
    platform: { os: 'linux', architecture },
    ref: fakeRef(layers),
    config: {
      architecture,
      os: 'linux',
      config: { Env: ['A=1'] },
      history: [{ created_by: 'one' }, { created_by: 'two' }],
    },
  };
}

async function exported(type: 'oci' | 'docker' | 'image', input: ExportInput): Promise<void> {
  await using opened = new Registries();
  await using pool = openPool();
  const images = { get: () => undefined, put: async () => {} };
  const deps = { content: new MemoryStore(), images, registries: async () => opened, pool };
  const session = { credentials: async () => undefined } as unknown as Session;
  const made = await exporters[type].make(input, deps, {
    session,
    signal: new AbortController().signal,
    report: () => {},
  });
  await made.finalise?.();
}

for (const compression of ['gzip', 'uncompressed']) {
  test(`skopeo and umoci take an OCI folder and archive with ${compression} layers`, async () => {
    await using folder = makeTempFolder();
    const [layout, archive] = [join(folder.path, 'layout'), join(folder.path, 'image.tar')];
    const attrs = { name: 'app:v1', compression };
    const input = { images: [image('amd64')], multiPlatform: false };
    await exported('oci', {
      ...input,
      attrs: { ...attrs, tar: 'false' },
      destination: { kind: 'folder', path: layout },
    });
    await exported('oci', { ...input, attrs, destination: { kind: 'file', path: archive } });

    const inspected = JSON.parse(run('skopeo', '--tmpdir', folder.path, 'inspect', `oci-archive:${archive}:v1`));
    assert.equal(inspected.Architecture, 'amd64');
    assert.equal(inspected.Layers.length, 2);
    run('skopeo', '--tmpdir', folder.path, 'copy', `oci-archive:${archive}`, `dir:${join(folder.path, 'copied')}`);
    run('umoci', 'unpack', '--image', `${layout}:v1`, join(folder.path, 'bundle'));
    assert.equal(readFileSync(join(folder.path, 'bundle/rootfs/etc/one'), 'utf8'), '1');
    assert.equal(readFileSync(join(folder.path, 'bundle/rootfs/etc/two'), 'utf8'), '2');
  });
}

test('skopeo reads a docker archive and chooses a platform of an index', async () => {
  await using folder = makeTempFolder();
  const [docker, several] = [join(folder.path, 'docker.tar'), join(folder.path, 'several')];
  const one = { images: [image('amd64')], multiPlatform: false, attrs: { name: 'app:v1' } };
  await exported('docker', { ...one, destination: { kind: 'file', path: docker } });
  assert.deepEqual(
    JSON.parse(run('skopeo', '--tmpdir', folder.path, 'inspect', `docker-archive:${docker}:app:v1`)).Env,
    ['A=1'],
  );
  const both = {
    images: [image('amd64'), image('arm64')],
    multiPlatform: true,
    attrs: { name: 'app:v1', tar: 'false' },
  };
  await exported('oci', { ...both, destination: { kind: 'folder', path: several } });
  const arm = run('skopeo', '--override-arch', 'arm64', 'inspect', '--config', `oci:${several}:v1`);
  assert.equal(JSON.parse(arm).architecture, 'arm64');
});

test("what is pushed to Debian's docker-registry is what skopeo finds there", async () => {
  await using registry = await startDebianRegistry();
  const name = `${registry.host}/team/app:v1`;
  const images = [image('amd64'), image('arm64')];
  await exported('image', { images, multiPlatform: true, attrs: { name, push: 'true', store: 'false' } });
  const found = JSON.parse(run('skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${name}`));
  assert.equal(found.manifests.length, 2);
});
