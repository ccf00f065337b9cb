import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseReference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import { client, Content, failsWith } from './registry-fixture.ts';
import { Registries } from './registry.ts';

const { signal } = new AbortController();

/** An image of these layers, ready to be pushed. */
function image(layers: readonly (readonly [type: string, bytes: string])[]) {
  const content = new Content();
  const config = content.add(mediaTypes.ociConfig, '{}');
  const made = layers.map(([type, bytes]) => content.add(type, bytes));
  // Written as nobody would, to see that it is left so.
  const manifest = `{ "schemaVersion":2,"config":${JSON.stringify(config)},\n"layers":${JSON.stringify(made)} ,"mediaType":"${mediaTypes.ociManifest}"}`;
  const root = content.add(mediaTypes.ociManifest, manifest);
  const children = async ({ digest }: Descriptor) => (digest === root.digest ? [config, ...made] : []);
  return { content, layers: made, request: { root, children, provider: content, signal } };
}

test('a manifest goes up under its own type, byte for byte', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { content, request } = image([[mediaTypes.ociLayer, 'layer']]);
  await registries.push(parseReference(`${registry.host}/app:v1`), request);
  const pushed = registry.manifests.get('app:v1')!;
  assert.equal(pushed.mediaType, mediaTypes.ociManifest);
  assert.deepEqual(Buffer.from(pushed.bytes), content.bytes.get(request.root.digest));
});

test('a registry that calls a pushed manifest something else is refused', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  registry.fault({ on: /^PUT .*manifests/, kind: 'wrong-digest' });
  const pushing = registries.push(parseReference(`${registry.host}/app:v1`), image([]).request);
  await assert.rejects(pushing, failsWith('registry-content', /digest sha256:.* for the manifest/));
});

test('what cannot be mounted is uploaded, with the upload that was begun', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { layers, request } = image([[mediaTypes.ociLayer, 'layer']]);
  await registries.push(parseReference(`${registry.host}/app:v1`), {
    ...request,
    sources: (digest) => (digest === layers[0]!.digest ? ['gone'] : []),
  });
  assert.equal(registry.asked('POST', `mount=${encodeURIComponent(layers[0]!.digest)}&from=gone`), 1);
  assert.equal(registry.asked('POST'), 2); // the other one is the config's
  assert.ok(registry.owned.has(`app@${layers[0]!.digest}`));
});

test('what was pushed to one repository is mounted into the next', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { request } = image([[mediaTypes.ociLayer, 'layer']]);
  await registries.push(parseReference(`${registry.host}/one:v1`), request);
  await registries.push(parseReference(`${registry.host}/two:v1`), request);
  assert.equal(registry.asked('PUT', '/v2/two/blobs'), 0);
  assert.equal(registry.asked('POST', 'from=one'), 2);
});

test('layers that may not be distributed stay away', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const types = [
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ];
  const { layers, request } = image([...types.map((type) => [type, type] as const), [mediaTypes.ociLayer, 'mine']]);
  // The manifest of a registry that insists on all layers can't be had this way.
  for (const layer of layers.slice(0, 2)) registry.owned.add(`app@${layer.digest}`);
  await registries.push(parseReference(`${registry.host}/app:v1`), request);
  for (const layer of layers.slice(0, 2)) assert.equal(registry.blobs.has(layer.digest), false);
  assert.ok(registry.blobs.has(layers[2]!.digest));
});

test('a tag is set to what is there already, once it was looked at', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { manifest } = registry.addImage('app', 'v1');
  const before = registry.log.length;
  await registries.tag(parseReference(`${registry.host}/app:v2`), manifest.digest, { signal });
  assert.equal(registry.digest('app:v2'), manifest.digest);
  assert.deepEqual(
    registry.log.slice(before).map((line) => line.split(' ')[0]),
    ['GET', 'PUT'],
  );
  const none = `sha256:${'0'.repeat(64)}` as const;
  await assert.rejects(
    registries.tag(parseReference(`${registry.host}/app:v3`), none, { signal }),
    failsWith('image-not-found'),
  );
  registry.manners.lies = new Map([[manifest.digest, Buffer.from('{}')]]);
  await assert.rejects(
    registries.tag(parseReference(`${registry.host}/app:v3`), manifest.digest, { signal }),
    failsWith('registry-content'),
  );
  assert.equal(registry.digest('app:v3'), undefined);
});

test('a mirror gets its own credentials, not those of the registry', async () => {
  await using mirror = await TestRegistry.open();
  mirror.manners.auth = { kind: 'basic', username: 'mirror', password: 'm' };
  const asked: string[] = [];
  await using registries = new Registries({
    hosts: { 'far.test': { mirrors: [mirror.origin] } },
    retry: { tries: 1, delay: () => 0 },
  });
  const who = registries.as({
    credentials: async (host) => {
      asked.push(host);
      return host === 'far.test' ? { kind: 'basic', username: 'me', password: 'secret' } : undefined;
    },
  });
  const resolving = who.resolve(parseReference('far.test/app:v1'), { signal: AbortSignal.timeout(20_000) });
  await assert.rejects(resolving, (error) => error instanceof Failed || error === undefined);
  assert.equal(asked[0], mirror.host);
  assert.ok(mirror.authorizations.every((header) => header === undefined));
});
