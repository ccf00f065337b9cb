// Builds against a registry with TLS and tokens that breaks off, is slow, refuses and lies.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDockerd } from '../rig/dockerd.ts';
import { FaultRegistry, robot } from '../rig/fault-registry.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

/** A workspace whose config knows the registry's authority. */
async function workspace(registry: FaultRegistry, image: 'base' | 'app', keys: object): Promise<Rig> {
  const rig = await Rig.open({
    base: { Dockerfile: 'FROM busybox\nRUN echo based > /based\n' },
    app: { Dockerfile: `FROM ${registry.host}/team/base:v1\nRUN cat /based > /seen\n` },
  });
  const images = { [image]: { context: image, ...keys } };
  const registries = { [registry.host]: { ca: 'ca.pem' } };
  await rig.write({
    'ca.pem': readFileSync(registry.ca, 'utf8'),
    'buildkit.config.ts': `export default ${JSON.stringify({ registries, images, discover: false })};\n`,
  });
  return rig;
}

const env = ({ dockerConfig: DOCKER_CONFIG }: FaultRegistry) => ({ DOCKER_CONFIG });

/** An image with a layer of some size under `team/base:v1`. */
async function pushBase(registry: FaultRegistry): Promise<void> {
  await using rig = await workspace(registry, 'base', { tags: [`${registry.host}/team/base:v1`] });
  await rig.ok(['build', 'base', '--push', ...rig.busybox], { env: env(registry) });
}

test('an image goes up and comes down over TLS with a token; skopeo and dockerd pull it; a second push sends nothing', async () => {
  await using registry = await FaultRegistry.open();
  await pushBase(registry);
  await using rig = await workspace(registry, 'app', { tags: [`${registry.host}/team/app:v1`] });
  await rig.ok(['build', '--push', 'app'], { env: env(registry) });
  // The layers of the base are in the registry already, one repository further.
  assert.ok(registry.asked('POST', '/team/app/blobs/uploads/?mount=') >= 1);
  assert.equal(registry.asked('PUT', '/team/app/blobs/uploads/'), 2); // its own layer and config

  registry.log.length = 0;
  await rig.ok(['build', '--push', 'app'], { env: env(registry) });
  assert.equal(registry.asked('POST') + registry.asked('PATCH') + registry.asked('PUT', 'blobs'), 0);

  const name = `${registry.host}/team/app:v1`;
  const skopeo = ['--tmpdir', rig.root, 'copy', '-q', `docker://${name}`, `dir:${rig.path('copied')}`];
  await program('skopeo', skopeo, registry.env);
  await using dockerd = await startDockerd();
  await dockerd.docker('login', '-u', robot.username, '-p', robot.password, registry.host);
  await dockerd.docker('pull', '-q', name);
});

test('a pull survives what passes: breaks, pauses, errors, tokens that ran out', async () => {
  await using registry = await FaultRegistry.open();
  await pushBase(registry);
  await using rig = await workspace(registry, 'app', { output: 'type=local,dest=out' });
  registry.fault({ on: /^GET .*\/token/, kind: 'status', status: 500 });
  registry.fault({ on: /^HEAD .*manifests/, kind: 'status', status: 429, headers: { 'retry-after': '0' } });
  registry.fault({ on: /^GET .*manifests/, kind: 'break-off' });
  registry.fault({ on: /^GET .*blobs/, kind: 'status', status: 401 });
  registry.fault({ on: /^GET .*blobs/, kind: 'break-off', after: 100 });
  registry.manners.warnings = ['299 - "this repository moves"'];
  const { stderr } = await rig.ok(['build', 'app'], { env: env(registry) });
  assert.equal(readFileSync(rig.path('out/seen'), 'utf8'), 'based\n');
  assert.equal(stderr.match(/warning registry\/says: this repository moves \(127\.0\.0\.1:\d+\)/g)?.length, 1);
});

test('a registry that is slow is waited for, and let go when the build is cancelled', async () => {
  await using registry = await FaultRegistry.open();
  await pushBase(registry);
  await using rig = await workspace(registry, 'app', { output: 'type=local,dest=out' });
  const slow = registry.fault({ on: /^GET .*blobs/, kind: 'hold', after: 10, times: 100 });
  const build = rig.start(['build', 'app'], { env: env(registry) });
  await slow.reached;
  build.child.kill('SIGINT');
  assert.equal((await build.done).code, 130);
  const again = rig.start(['build', 'app'], { env: env(registry) });
  slow.release();
  assert.equal((await again.done).code, 0);
});

for (const [lie, said] of [
  [{ kind: 'wrong-digest' }, /not what was asked for: expected sha256:/],
  [{ kind: 'wrong-size', by: 3 }, /bytes instead of/],
  [{ kind: 'wrong-size', by: -3 }, /bytes instead of/],
] as const) {
  test(`a registry that lies (${Object.values(lie).join(' ')}) is refused, and nothing of it stays`, async () => {
    await using registry = await FaultRegistry.open();
    await pushBase(registry);
    await using rig = await workspace(registry, 'app', { output: 'type=local,dest=out' });
    const fault = registry.fault({ on: /^GET .*blobs/, times: 100, ...lie });
    const { code, stderr } = await rig.cli(['build', 'app'], { env: env(registry) });
    assert.equal(code, 1);
    assert.match(stderr, said);
    fault.end();
    await rig.ok(['build', 'app'], { env: env(registry) });
    assert.equal(readFileSync(rig.path('out/seen'), 'utf8'), 'based\n');
  });
}

test('a push survives breaks and errors, and a registry that calls the manifest something else is told', async () => {
  await using registry = await FaultRegistry.open();
  registry.fault({ on: /^PUT .*blobs/, kind: 'break-upload', after: 50 });
  registry.fault({ on: /^POST .*blobs/, kind: 'status', status: 500 });
  registry.fault({ on: /^PUT .*manifests/, kind: 'status', status: 429, headers: { 'retry-after': '0' } });
  await pushBase(registry);
  await using rig = await workspace(registry, 'app', { tags: [`${registry.host}/team/app:v1`] });
  registry.fault({ on: /^PUT .*app\/manifests/, kind: 'wrong-digest' });
  const { code, stderr } = await rig.cli(['build', 'app', '--push'], { env: env(registry) });
  assert.equal(code, 1);
  assert.match(stderr, /answered with digest sha256:.* that was pushed/);
});

test('a denial names the registry and what to do, and no password', async () => {
  await using registry = await FaultRegistry.open();
  await using rig = await workspace(registry, 'app', {});
  const { code, stderr } = await rig.cli(['build', 'app'], { env: { DOCKER_CONFIG: rig.root } });
  assert.equal(code, 1);
  assert.match(stderr, /127\.0\.0\.1:\d+/);
  const wrong = Buffer.from('robot:wrong horse').toString('base64');
  await rig.write({ 'config.json': JSON.stringify({ auths: { [registry.host]: { auth: wrong } } }) });
  const refused = await rig.cli(['build', 'app'], { env: { DOCKER_CONFIG: rig.dir } });
  assert.match(refused.stderr, /the credentials for it are not accepted/);
  assert.doesNotMatch(refused.stderr, /wrong horse/);
  assert.ok(!refused.stderr.includes(wrong));
});
