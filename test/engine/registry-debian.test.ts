import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Descriptor } from '../../packages/engine/src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../packages/engine/src/oci/digest.ts';
import { mediaTypes } from '../../packages/engine/src/oci/media-type.ts';
import { parseReference } from '../../packages/engine/src/oci/reference.ts';
import { Registries } from '../../packages/engine/src/registry/registry.ts';
import { collect } from '../../packages/engine/src/std/collect.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { BreakingProxy } from '../rig/breaking-proxy.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';

test("Debian's docker-registry takes what we push and gives it back, whole or in chunks, uploaded or mounted", async () => {
  await using registry = await startDebianRegistry();
  const { host } = registry;
  const { signal } = new AbortController();
  const content = new Map<string, Uint8Array>();
  const add = (mediaType: string, data: Uint8Array | object): Descriptor => {
    const bytes = data instanceof Uint8Array ? data : Buffer.from(JSON.stringify(data));
    const digest = digestOf(bytes);
    content.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const layer = add(mediaTypes.ociLayer, Buffer.alloc(300_000, 'layer'));
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const config = add(mediaTypes.ociConfig, { os: 'linux', architecture: 'amd64', config: {}, rootfs });
  const manifest = add(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [layer],
  });
  const platform = { os: 'linux', architecture: 'amd64' };
  const root = add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...manifest, platform }],
  });
  const opened: Digest[] = [];
  const request = {
    root,
    children: async ({ digest }: Descriptor) => (digest === root.digest ? [manifest] : [config, layer]),
    provider: {
      async *open({ digest }: { digest: Digest }) {
        opened.push(digest);
        yield content.get(digest)!;
      },
    },
    signal,
  };
  const somebody = { credentials: async () => undefined };

  await using whole = new Registries();
  await whole.as(somebody).push(parseReference(`${host}/one:v1`), request);
  await using chunked = new Registries({ hosts: { [host]: { chunkSize: 100_000 } } });
  const other = { ...request, root: manifest };
  await chunked.as(somebody).push(parseReference(`${host}/two:v1`), other);

  // What is there already is neither read nor sent again; what another repository has is mounted.
  opened.length = 0;
  await whole.as(somebody).push(parseReference(`${host}/one:v2`), request);
  await whole.as(somebody).push(parseReference(`${host}/three:v1`), { ...request, sources: () => ['one'] });
  assert.deepEqual([...new Set(opened)].sort(), [root.digest, manifest.digest].sort());

  for (const [name, descriptor] of [
    ['one:v1', root],
    ['two:v1', manifest],
    ['three:v1', root],
  ] as const) {
    const found = await whole.as(somebody).resolve(parseReference(`${host}/${name}`), { signal });
    assert.equal(found.descriptor.digest, descriptor.digest, name);
    assert.equal(digestOf(await found.manifest(manifest.digest, { signal })), manifest.digest);
    assert.equal(digestOf(await collect(found.blobs.open(layer, { signal }), 1 << 20)), layer.digest);
  }
  await assert.rejects(
    whole.as(somebody).resolve(parseReference(`${host}/one:none`), { signal }),
    (error) => error instanceof Failed && error.failure.kind === 'image-not-found',
  );
});

test("uploads to Debian's docker-registry survive a line that breaks in the middle, again and again", async () => {
  await using registry = await startDebianRegistry();
  await using proxy = await BreakingProxy.open(registry.host);
  const { signal } = new AbortController();
  const bytes = randomBytes(3 << 20);
  const root = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length };
  const provider = {
    async *open() {
      for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
    },
  };
  const request = { root, children: async () => [], provider, signal };
  for (const [name, host] of [
    ['whole', {}],
    ['chunked', { chunkSize: 1 << 20 }],
  ] as const) {
    await using registries = new Registries({
      hosts: { [proxy.host]: host },
      retry: { tries: 5, delay: () => 0 },
    });
    proxy.cuts.push(1_500_000, 800_000, 200_000);
    const broken = proxy.broken;
    const client = registries.as({ credentials: async () => undefined });
    await client.push(parseReference(`${proxy.host}/${name}`), request);
    assert.equal(proxy.broken - broken, 3, name);
    // A blob that is there whole is not sent again.
    await client.push(parseReference(`${proxy.host}/${name}`), request);
  }
  await using direct = new Registries();
  const found = direct.as({ credentials: async () => undefined });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { ...root, mediaType: mediaTypes.ociConfig },
      layers: [],
    }),
  );
  const top = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
  await found.push(parseReference(`${registry.host}/whole:v1`), {
    ...request,
    root: top,
    provider: {
      async *open() {
        yield manifest;
      },
    },
  });
  const image = await found.resolve(parseReference(`${registry.host}/whole:v1`), { signal });
  assert.equal(digestOf(await collect(image.blobs.open(root, { signal }), 4 << 20)), root.digest);
});
