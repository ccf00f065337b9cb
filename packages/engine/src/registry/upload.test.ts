import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseReference } from '../oci/reference.ts';
import type { RegistryHost } from './hosts.ts';
import { client, Content, failsWith } from './registry-fixture.ts';

const { signal } = new AbortController();

/** Pushes one blob of so many bytes. */
async function pushOne(registry: TestRegistry, size: number, host: RegistryHost = {}): Promise<Descriptor> {
  await using registries = client({ [registry.host]: host });
  const content = new Content();
  const root = content.add(mediaTypes.ociLayer, Buffer.alloc(size, 'some bytes of a layer '));
  const reference = parseReference(`${registry.host}/app`);
  await registries.push(reference, { root, children: async () => [], provider: content, signal });
  assert.deepEqual(Buffer.from(registry.blobs.get(root.digest)!), content.bytes.get(root.digest));
  return root;
}

test('an upload that broke off goes on with what the registry has', async () => {
  await using registry = await TestRegistry.open();
  registry.fault({ on: /^PUT .*uploads/, kind: 'break-upload', after: 150_000 });
  registry.fault({ on: /^PATCH .*uploads/, kind: 'break-upload', after: 100_000 });
  await pushOne(registry, 400_000);
  const uploads = registry.log.filter((line) => line.includes('uploads')).map((line) => line.split(' ')[0]);
  assert.deepEqual(uploads, ['POST', 'PUT', 'GET', 'PATCH', 'GET', 'PATCH', 'PUT']);
});

test('chunks have the size that is configured, and no less than the registry asks for', async () => {
  await using registry = await TestRegistry.open();
  await pushOne(registry, 2500, { chunkSize: 1000 });
  assert.equal(registry.asked('PATCH'), 3);
  registry.manners.chunkMinLength = 2000;
  await pushOne(registry, 4500, { chunkSize: 1000 });
  assert.equal(registry.asked('PATCH'), 6);
});

test('a chunk that broke off goes on in the middle', async () => {
  await using registry = await TestRegistry.open();
  registry.fault({ on: /^PATCH/, kind: 'break-upload', after: 700 });
  await pushOne(registry, 2500, { chunkSize: 1000 });
  assert.equal(registry.asked('PATCH'), 3);
  assert.equal(registry.asked('GET', 'uploads'), 1);
});

test('an upload that the registry lost, or took for something else, starts over', async () => {
  for (const status of [404, 416]) {
    await using registry = await TestRegistry.open();
    registry.fault({ on: /^PUT/, kind: 'status', status });
    await pushOne(registry, 2500);
    assert.equal(registry.asked('POST'), 2);
  }
});

test('an upload whose answer got lost is not sent again', async () => {
  await using registry = await TestRegistry.open();
  registry.fault({ on: /^PUT/, kind: 'break-off', after: 0 });
  await pushOne(registry, 2500);
  assert.equal(registry.asked('PUT'), 1);
});

test('an upload that fails is cancelled at the registry', async () => {
  await using registry = await TestRegistry.open();
  registry.fault({ on: /^PUT/, kind: 'status', status: 400 });
  await assert.rejects(pushOne(registry, 10), failsWith('registry-error', /PUT .* with 400 \(TESTREFUSES\)/));
  assert.equal(registry.asked('DELETE', '/blobs/uploads/'), 1);
});

test('a location keeps its query as the registry wrote it', async () => {
  await using registry = await TestRegistry.open();
  registry.manners.state = '_state=a%2Fb==&x=+~';
  await pushOne(registry, 10);
  assert.match(registry.log.at(-1)!, /\?_state=a%2Fb==&x=\+~&digest=sha256%3A/);
});

test('a digest that is not sha256 is told when an upload begins', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const root = { mediaType: mediaTypes.ociLayer, digest: `sha512:${'0'.repeat(128)}`, size: 3 } as const;
  const provider = {
    async *open() {
      yield Buffer.from('abc');
    },
  };
  const reference = parseReference(`${registry.host}/app`);
  await assert.rejects(registries.push(reference, { root, children: async () => [], provider, signal }));
  assert.ok(registry.log.includes('POST /v2/app/blobs/uploads/?digest-algorithm=sha512'));
});
