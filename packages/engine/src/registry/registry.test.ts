import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, encoded, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseReference } from '../oci/reference.ts';
import { collect } from '../std/collect.ts';
import { client, failsWith } from './registry-fixture.ts';

const { signal } = new AbortController();

test('a tag is resolved to its manifest, and its blobs are read and checked', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const image = registry.addImage('team/app', 'v1', { layers: ['some layer'] });
  const found = await registries.resolve(parseReference(`${registry.host}/team/app:v1`), { signal });
  assert.deepEqual(found.descriptor, image.manifest);
  const manifest = JSON.parse(Buffer.from(await found.manifest(image.manifest.digest, { signal })).toString());
  assert.equal(manifest.layers[0].digest, image.layers[0]!.digest);
  assert.equal(Buffer.from(await collect(found.blobs.open(image.layers[0]!), 100)).toString(), 'some layer');
});

test('a proxy is asked for what is elsewhere, and not for what is on this machine', async (t) => {
  const asked: string[] = [];
  await using proxy = createServer().listen(0, '127.0.0.1');
  proxy.on('connect', ({ url }, socket) => {
    asked.push(url!);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await once(proxy, 'listening');
  const own = { ...process.env };
  t.after(() => (process.env = own));
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) delete process.env[name.toLowerCase()];
  delete process.env['NO_PROXY'];
  process.env['HTTP_PROXY'] = process.env['HTTPS_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { manifest } = registry.addImage('app', 'v1');
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.equal(found.descriptor.digest, manifest.digest);
  assert.deepEqual(asked, []);
  await assert.rejects(registries.resolve(parseReference('far.test/app:v1'), { signal }));
  assert.deepEqual([...new Set(asked)], ['far.test:443']);
});

test('a registry that tells no digest is asked for the manifest itself', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { manifest } = registry.addImage('app', 'latest');
  registry.manners.digestless = true;
  const found = await registries.resolve(parseReference(`${registry.host}/app`), { signal });
  assert.deepEqual(found.descriptor, manifest);
});

test('what is not there is told by its name', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const reference = parseReference(`${registry.host}/no/such:tag`);
  await assert.rejects(registries.resolve(reference, { signal }), failsWith('image-not-found', /no\/such:tag/));
});

test('a manifest that is not its digest is refused', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { manifest } = registry.addImage('app', 'v1');
  registry.manners.lies = new Map([[manifest.digest, Buffer.from('{}')]]);
  const found = await registries.resolve(parseReference(`${registry.host}/app@${manifest.digest}`), { signal });
  await assert.rejects(
    found.manifest(manifest.digest, { signal }),
    failsWith('registry-content', /not what was asked for/),
  );
});

test('a blob that is not its digest is refused at its end', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { layers } = registry.addImage('app', 'v1', { layers: ['the truth'] });
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  for (const lie of ['the trust', 'short', 'the truth and more']) {
    registry.manners.lies = new Map([[layers[0]!.digest, Buffer.from(lie)]]);
    await assert.rejects(collect(found.blobs.open(layers[0]!), 100), failsWith('registry-content'));
  }
});

for (const rangeless of [false, true]) {
  test(`a blob that breaks off goes on where it was${rangeless ? ', also without ranges' : ''}`, async () => {
    await using registry = await TestRegistry.open();
    await using registries = client();
    const bytes = Buffer.alloc(100_000, 'abcdefg');
    const { layers } = registry.addImage('app', 'v1', { layers: [bytes] });
    registry.fault({ on: /^GET .*blobs/, kind: 'break-off', after: 30_000, times: 2 });
    registry.manners.rangeless = rangeless;
    const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
    assert.deepEqual(Buffer.from(await collect(found.blobs.open(layers[0]!), 200_000)), bytes);
  });
}

test('a blob that always breaks off fails in the end', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { layers } = registry.addImage('app', 'v1', { layers: [Buffer.alloc(1000)] });
  registry.fault({ on: /^GET .*blobs/, kind: 'break-off', after: 10, times: 100 });
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  await assert.rejects(collect(found.blobs.open(layers[0]!), 2000), failsWith('registry-unreachable', /broke off/));
});

test('a busy registry is asked again, a broken one given up', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { manifest } = registry.addImage('app', 'v1');
  registry.fault({ on: /manifests/, kind: 'status', status: 503, times: 2 });
  const reference = parseReference(`${registry.host}/app:v1`);
  assert.equal((await registries.resolve(reference, { signal })).descriptor.digest, manifest.digest);
  registry.fault({ on: /^GET .*manifests/, kind: 'status', status: 500, times: 100 });
  registry.manners.digestless = true;
  await assert.rejects(
    registries.resolve(reference, { signal }),
    failsWith('registry-error', /500 \(TESTREFUSES\) after 3 tries/),
  );
});

test('nobody at the address is told at once', async () => {
  await using registries = client();
  await assert.rejects(
    registries.resolve(parseReference('127.0.0.1:1/app'), { signal }),
    failsWith('registry-unreachable', /127\.0\.0\.1:1 can't be reached: connection refused/),
  );
});

test('tokens are fetched as the challenge says, kept, and fetched anew when they ran out', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client({}, { kind: 'basic', username: 'me', password: 'pass:word' });
  registry.manners.auth = { kind: 'bearer', username: 'me', password: 'pass:word' };
  const { manifest } = registry.addImage('app', 'v1');
  const reference = parseReference(`${registry.host}/app:v1`);
  const found = await registries.resolve(reference, { signal });
  await found.manifest(manifest.digest, { signal });
  assert.equal(registry.log.filter((line) => line.includes('/token')).length, 1);
  registry.expireTokens();
  await found.manifest(manifest.digest, { signal });
  assert.equal(registry.log.filter((line) => line.includes('/token')).length, 2);
});

test('an identity token is traded for bearer tokens', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client({}, { kind: 'token', identityToken: 'refresh' });
  registry.manners.auth = { kind: 'bearer', refreshToken: 'refresh' };
  registry.addImage('app', 'v1');
  await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.ok(registry.log.includes('POST /token'));
});

test('wrong credentials are a denial that does not repeat them', async () => {
  await using registry = await TestRegistry.open();
  registry.addImage('app', 'v1');
  for (const kind of ['basic', 'bearer'] as const) {
    await using registries = client({}, { kind: 'basic', username: 'me', password: 'hunter2' });
    registry.manners.auth = { kind, username: 'me', password: 'other' };
    await assert.rejects(registries.resolve(parseReference(`${registry.host}/app:v1`), { signal }), (error) => {
      failsWith('registry-denied')(error);
      assert.doesNotMatch(JSON.stringify(error) + String((error as Error).stack), /hunter2|aHVudGVyMg/);
      return true;
    });
  }
});

test('basic credentials get in', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client({}, { kind: 'basic', username: 'me', password: 'x' });
  registry.manners.auth = { kind: 'basic', username: 'me', password: 'x' };
  registry.addImage('app', 'v1');
  await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
});

test('a redirect to elsewhere is followed without credentials', async () => {
  await using registry = await TestRegistry.open();
  await using storage = await TestRegistry.open();
  await using registries = client({}, { kind: 'basic', username: 'me', password: 'x' });
  registry.manners.auth = { kind: 'basic', username: 'me', password: 'x' };
  registry.manners.redirectBlobs = storage.origin;
  const { layers } = registry.addImage('app', 'v1', { layers: ['far away'] });
  storage.addBlob('any', 'far away');
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.equal(Buffer.from(await collect(found.blobs.open(layers[0]!), 100)).toString(), 'far away');
  assert.deepEqual(storage.authorizations, [undefined]);
});

test('mirrors are asked first, the registry itself after them', async () => {
  await using registry = await TestRegistry.open();
  await using mirror = await TestRegistry.open();
  await using registries = client({ [registry.host]: { mirrors: ['http://127.0.0.1:1', `${mirror.origin}/prefix`] } });
  const there = registry.addImage('app', 'there');
  const mirrored = mirror.addImage('prefix/app', 'here', { layers: ['mirrored'] });
  const here = await registries.resolve(parseReference(`${registry.host}/app:here`), { signal });
  assert.equal(here.descriptor.digest, mirrored.manifest.digest);
  assert.deepEqual(registry.log, []);
  assert.ok(mirror.log[0]!.endsWith(`?ns=${encodeURIComponent(registry.host)}`));
  const found = await registries.resolve(parseReference(`${registry.host}/app:there`), { signal });
  assert.equal(found.descriptor.digest, there.manifest.digest);
  assert.equal(Buffer.from(await collect(found.blobs.open(there.layers[0]!), 100)).toString(), 'layer');
});

test('an OCI layout is a mirror: shared, or one for each repository', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'layout-mirror-'));
  try {
    const one = await writeLayout(folder, ['docker.io/library/busybox:latest', 'other/tool:v2', 'latest']);
    const own = await writeLayout(join(folder, 'library/alpine'), ['latest']);
    await using registries = client({ 'docker.io': { mirrors: [folder] }, 'registry-1.docker.io': {} });
    const digest = async (name: string) =>
      (await registries.resolve(parseReference(name), { signal })).descriptor.digest;
    assert.equal(await digest('busybox'), one[0]!.digest);
    assert.equal(await digest('other/tool:v2'), one[1]!.digest);
    assert.equal(await digest('alpine'), own[0]!.digest);
    assert.equal(await digest(`busybox@${one[1]!.digest}`), one[1]!.digest);
    const found = await registries.resolve(parseReference('busybox'), { signal });
    assert.match(Buffer.from(await found.manifest(one[0]!.digest, { signal })).toString(), /schemaVersion/);
    await writeFile(join(folder, 'blobs/sha256', encoded(one[0]!.digest)), 'damaged');
    await assert.rejects(found.manifest(one[0]!.digest, { signal }), failsWith('content-mismatch'));
    const unreachable = client({ '127.0.0.1:1': { mirrors: [folder] } });
    await assert.rejects(
      unreachable.resolve(parseReference('127.0.0.1:1/other'), { signal }),
      failsWith('registry-unreachable', /connection refused \(before that: the mirror .* does not have it\)/),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a push sends children first, skips what is there, and mounts what another repository has', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client({}, { kind: 'basic', username: 'me', password: 'x' });
  registry.manners.auth = { kind: 'bearer', username: 'me', password: 'x' };
  const content = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: string): Descriptor => {
    const digest = digestOf(bytes);
    content.set(digest, Buffer.from(bytes));
    return { mediaType, digest, size: Buffer.byteLength(bytes) };
  };
  const config = add(mediaTypes.ociConfig, '{}');
  const layers = ['new', 'mounted', 'there'].map((bytes) => add(mediaTypes.ociLayer, bytes));
  const manifest = add(mediaTypes.ociManifest, JSON.stringify({ schemaVersion: 2, config, layers }));
  const root = add(mediaTypes.ociIndex, JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  registry.addBlob('base', 'mounted');
  registry.addBlob('app', 'there');
  const request = {
    root,
    children: async ({ digest }: Descriptor) => (digest === root.digest ? [manifest] : [config, ...layers]),
    provider: {
      async *open({ digest }: { digest: Digest }) {
        yield content.get(digest)!;
      },
    },
    sources: (digest: Digest) => (digest === layers[1]!.digest ? ['base'] : []),
    signal,
  };
  await registries.push(parseReference(`${registry.host}/app:v1`), request);
  assert.equal(digestOf(registry.manifests.get('app:v1')!.bytes), root.digest);
  assert.ok(registry.manifests.has(`app@${manifest.digest}`));
  assert.equal(registry.log.filter((line) => line.startsWith('PUT /v2/app/blobs')).length, 2);
});

test('blobs go up in chunks where the registry wants them so, and a lost upload starts over', async () => {
  await using registry = await TestRegistry.open();
  const blob = Buffer.alloc(2500, 'x');
  const root = { mediaType: mediaTypes.ociLayer, digest: digestOf(blob), size: blob.length };
  const request = {
    root,
    children: async () => [],
    provider: {
      async *open() {
        yield blob.subarray(0, 700);
        yield blob.subarray(700);
      },
    },
    signal,
  };
  await using chunked = client({ [registry.host]: { chunkSize: 1000 } });
  await chunked.push(parseReference(`${registry.host}/chunked`), request);
  assert.equal(registry.log.filter((line) => line.startsWith('PATCH')).length, 3);
  await using whole = client();
  registry.fault({ on: /^PUT/, kind: 'status', status: 404 });
  await whole.push(parseReference(`${registry.host}/whole`), request);
  assert.ok(registry.owned.has(`whole@${root.digest}`));
});

test('an abort ends a pull with its reason', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  registry.addImage('app', 'v1');
  const controller = new AbortController();
  const reason = new Error('enough');
  registry.manners.before = async () => controller.abort(reason);
  await assert.rejects(
    registries.resolve(parseReference(`${registry.host}/app:v1`), { signal: controller.signal }),
    (error) => error === reason,
  );
});

async function writeLayout(folder: string, names: readonly string[]): Promise<Descriptor[]> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const manifests: Descriptor[] = [];
  for (const name of names) {
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(name), size: name.length };
    const bytes = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] });
    const digest = digestOf(bytes);
    await writeFile(join(folder, 'blobs/sha256', encoded(digest)), bytes);
    const annotations = { 'org.opencontainers.image.ref.name': name };
    manifests.push({ mediaType: mediaTypes.ociManifest, digest, size: bytes.length, annotations });
  }
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return manifests;
}
