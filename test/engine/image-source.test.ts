import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryStore } from '../../packages/engine/src/content/memory.ts';
import { chainId } from '../../packages/engine/src/oci/chain-id.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { mediaTypes } from '../../packages/engine/src/oci/media-type.ts';
import { Registries } from '../../packages/engine/src/registry/registry.ts';
import { ImageSource } from '../../packages/engine/src/source/image.ts';
import { OciLayoutSource } from '../../packages/engine/src/source/oci-layout.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { openTestCache, type TestCache } from '../rig/cache.ts';
import { layerTar } from '../rig/fake-ref.ts';
import { TestRegistry } from '../rig/registry.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const vertex = digestOf('the vertex that asks');

function imageSource({ cache }: TestCache): ImageSource {
  const registries = new Registries({ retry: { tries: 1, delay: () => 0 } });
  return new ImageSource({
    cache,
    content: cache.content,
    registries,
    images: { get: async (name) => cache.images.get(name)?.descriptor },
  });
}

function request(name: string, attrs: Record<string, string> = {}) {
  return { scheme: 'docker-image', name, attrs, platform, vertex };
}

test('an image is pinned without its layers, by BuildKit’s two keys, and its tree is fetched when it is looked at', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  const tars = [layerTar({ 'etc/': '', 'etc/one': 'first' }), layerTar({ 'etc/two': 'second' })];
  const image = registry.addImage('app', 'v1', { layers: tars });
  const job = there.job();
  const pinned = await source.pin(request(`${registry.host}/app:v1`), job);
  assert.equal(pinned.pin, image.manifest.digest);
  assert.deepEqual(pinned.keys, [
    { key: digestOf(`{"Digest":"${image.manifest.digest}","OS":"linux","Arch":"amd64"}`) },
    { key: chainId(image.layers.map(({ digest }) => digest)) },
  ]);
  const asked = () => registry.log.filter((line) => line.includes('/blobs/')).length;
  assert.equal(asked(), 1);
  await using tree = await pinned.tree(job);
  assert.equal(asked(), 1);
  await using mounted = await tree.mount(job);
  assert.equal(readFileSync(join(mounted.path, 'etc/one'), 'utf8'), 'first');
  assert.equal(readFileSync(join(mounted.path, 'etc/two'), 'utf8'), 'second');
  assert.equal(asked(), 3);
});

test('the platform is chosen from an index, with what is compatible, and a missing one is told', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  const manifests = [
    { architecture: 'arm', variant: 'v6' },
    { architecture: 'amd64' },
    { architecture: 'arm', variant: 'v7' },
    { architecture: 'unknown' },
  ].map((arch) => {
    const platform = { os: 'linux', ...arch };
    return { ...registry.addImage('app', undefined, { platform }).manifest, platform };
  });
  const index = registry.addManifest('app', 'v1', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const name = `${registry.host}/app:v1`;
  const architecture = async (architecture: string, variant?: string) => {
    const wanted = { os: 'linux', architecture, ...(variant && { variant }) };
    const { digest, config } = await source.resolve(name, { platform: wanted, mode: 'default' }, there.job());
    assert.equal(digest, index.digest);
    const parsed = JSON.parse(Buffer.from(config).toString());
    return `${parsed.architecture}${parsed.variant ?? ''}`;
  };
  assert.equal(await architecture('amd64'), 'amd64');
  assert.equal(await architecture('arm', 'v7'), 'armv7');
  assert.equal(await architecture('arm', 'v8'), 'armv7');
  assert.equal(await architecture('arm64'), 'armv7');
  await assert.rejects(architecture('s390x'), (error) => {
    assert.ok(error instanceof Failed && error.failure.kind === 'no-platform');
    assert.match(
      error.message,
      /no match for platform in manifest: linux\/s390x is wanted, there is linux\/arm\/v6, linux\/amd64/,
    );
    return true;
  });
});

test('an index with things of unknown kinds still has its images', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const image = { ...registry.addImage('app', undefined).manifest, platform };
  const artifact = { ...registry.addBlob('app', 'x'), mediaType: 'application/vnd.unheard.of', platform };
  const signature = registry.addManifest('app', undefined, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: 'application/vnd.unheard.of',
    config: artifact,
    layers: [],
  });
  const manifests = [artifact, image, { ...signature, platform }];
  const extra = { 'vnd.unheard.of': { any: 'thing' } };
  registry.addManifest('app', 'v1', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...extra });
  const source = imageSource(there);
  const { config } = await source.resolve(`${registry.host}/app:v1`, { platform, mode: 'default' }, there.job());
  assert.equal(JSON.parse(Buffer.from(config).toString()).architecture, 'amd64');
});

test('a tag is settled once in a session; a digest that is here needs no registry', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  const first = registry.addImage('app', 'v1', { layers: ['1'] });
  const name = `${registry.host}/app:v1`;
  const job = there.job();
  assert.equal((await source.resolve(name, { platform, mode: 'default' }, job)).digest, first.manifest.digest);
  const second = registry.addImage('app', 'v1', { layers: ['2'] });
  assert.equal((await source.resolve(name, { platform, mode: 'default' }, job)).digest, first.manifest.digest);
  assert.equal((await source.resolve(name, { platform, mode: 'default' }, there.job())).digest, second.manifest.digest);
  registry.log.length = 0;
  const pinned = await source.pin(request(`${name}@${first.manifest.digest}`), there.job());
  assert.equal(pinned.pin, first.manifest.digest);
  assert.deepEqual(registry.log, []);
});

test('sessions of one account share what a registry said moments ago', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  registry.addImage('app', 'v1');
  const name = `${registry.host}/app:v1`;
  const asked = async (sessions: readonly object[]) => {
    registry.log.length = 0;
    await Promise.all(
      sessions.map((session) => source.resolve(name, { platform, mode: 'default' }, there.job(session))),
    );
    return registry.log.filter((line) => line.startsWith('HEAD')).length;
  };
  assert.equal(await asked([{ account: 'a' }, { account: 'a' }, { account: 'b' }]), 2);
  assert.equal(await asked([{ account: 'a' }, { account: 'b' }]), 0);
  assert.equal(await asked([{}, {}]), 2);
});

test('an image that was built here goes before the registry, unless it is to be pulled', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  const remote = registry.addImage('app', 'v1', { layers: ['remote'] });
  const local = registry.addImage('local', 'v1', { layers: ['local'] });
  const name = `${registry.host}/app:v1`;
  // As a build leaves it: all content here, under the name.
  await using _tree = await (await source.pin(request(`${registry.host}/local:v1`), there.job())).tree(there.job());
  await there.cache.images.put(name, local.manifest);
  const digest = async (mode: 'default' | 'pull' | 'local') =>
    (await source.resolve(name, { platform, mode }, there.job())).digest;
  assert.equal(await digest('default'), local.manifest.digest);
  assert.equal(await digest('local'), local.manifest.digest);
  assert.equal(await digest('pull'), remote.manifest.digest);
  // One for another platform is no use.
  const arm = { platform: { os: 'linux', architecture: 'arm64' } };
  const { manifest } = registry.addImage('arm', 'v1', arm);
  const index = registry.addManifest('arm', 'all', {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...manifest, ...arm }],
  });
  await source.resolve(`${registry.host}/arm:all`, { ...arm, mode: 'pull' }, there.job());
  await there.cache.images.put(name, index);
  assert.equal(await digest('default'), remote.manifest.digest);
});

test('checksums, layer limits and malformed images are judged', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const source = imageSource(there);
  const image = registry.addImage('app', 'v1', { layers: ['1', '2'] });
  const name = `${registry.host}/app:v1`;
  const pin = (attrs: Record<string, string>) => source.pin(request(name, attrs), there.job());
  await assert.rejects(pin({ 'image.checksum': digestOf('other') }), /does not match expected checksum/);
  await assert.rejects(
    pin({ 'image.layerlimit': '3' }),
    /layer limit 3 is greater than the number of layers in the image 2/,
  );
  await assert.rejects(pin({ 'image.resolvemode': 'sometimes' }), /invalid resolvemode: sometimes/);
  const limited = await pin({ 'image.layerlimit': '1' });
  assert.deepEqual(limited.keys, [
    { key: digestOf(`{"Digest":"${image.manifest.digest}","OS":"linux","Arch":"amd64","Limit":1}`) },
    { key: image.layers[0]!.digest },
  ]);
  registry.addManifest('bad', 'v1', { schemaVersion: 2, config: image.config, layers: image.layers.slice(1) });
  await assert.rejects(
    source.pin(request(`${registry.host}/bad:v1`), there.job()),
    /its config tells of 2 layers, its manifest of 1|does not have/,
  );
});

test('an OCI layout of the session is a source, layer by layer', async () => {
  await using registry = await TestRegistry.open();
  await using there = await openTestCache();
  const image = registry.addImage('app', 'v1', { layers: [layerTar({ file: 'x' })] });
  const layout = new MemoryStore();
  const documents = [registry.manifests.get('app:v1')!.bytes, ...registry.blobs.values()];
  for (const bytes of documents) {
    await layout.write(
      (async function* () {
        yield bytes;
      })(),
    );
  }
  const source = new OciLayoutSource({ cache: there.cache, content: there.cache.content });
  const job = there.job({ store: async (name) => (name === 'mine' ? layout : undefined) });
  const name = `mine@${image.manifest.digest}`;
  const pinned = await source.pin({ scheme: 'oci-layout', name, attrs: {}, platform, vertex }, job);
  await using tree = await pinned.tree(job);
  await using mounted = await tree.mount(job);
  assert.equal(readFileSync(join(mounted.path, 'file'), 'utf8'), 'x');
  const pin = (name: string) => source.pin({ scheme: 'oci-layout', name, attrs: {}, platform, vertex }, job);
  await assert.rejects(pin(`other@${image.manifest.digest}`), /lends no OCI layout named "other"/);
  await assert.rejects(pin(`mine@${digestOf('none')}`), /does not have/);
  await assert.rejects(pin('mine:tag'), /must have a digest/);
});
