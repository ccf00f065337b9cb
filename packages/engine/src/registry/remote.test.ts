import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FaultRegistry, robot } from '../../../../test/rig/fault-registry.ts';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import { parseReference } from '../oci/reference.ts';
import { collect } from '../std/collect.ts';
import { makeTempFolder } from '../std/temp.ts';
import { client, failsWith } from './registry-fixture.ts';
import type { RegistryWarning } from './remote.ts';
import { retryAfter } from './retry.ts';

const { signal } = new AbortController();
const credentials = { kind: 'basic', ...robot } as const;

test('a registry is trusted by the authority configured for it, its token service with it', async () => {
  await using registry = await FaultRegistry.open();
  const { layers } = registry.addImage('app', 'v1', { layers: ['behind TLS'] });
  const reference = parseReference(`${registry.host}/app:v1`);
  await using knowing = client({ [registry.host]: { ca: [registry.ca] } }, credentials);
  const found = await knowing.resolve(reference, { signal });
  assert.equal(Buffer.from(await collect(found.blobs.open(layers[0]!), 100)).toString(), 'behind TLS');
  await using ignorant = client({ [registry.host]: { http: false } }, credentials);
  await assert.rejects(
    ignorant.resolve(reference, { signal }),
    failsWith('registry-unreachable', /its certificate is not trusted .*`ca`/),
  );
  await using careless = client({ [registry.host]: { http: false, insecure: true } }, credentials);
  await careless.resolve(reference, { signal });
});

test('an authority that is missing or no certificate is told by its file', async () => {
  await using folder = makeTempFolder();
  const file = join(folder.path, 'ca.pem');
  const reference = parseReference('127.0.0.1:1/app');
  await using registries = client({ '127.0.0.1:1': { ca: [file] } });
  await assert.rejects(registries.resolve(reference, { signal }), failsWith('registry-unreachable', /ca\.pem.*ENOENT/));
  writeFileSync(file, 'nothing');
  await assert.rejects(registries.resolve(reference, { signal }), failsWith('registry-unreachable', /no certificate/));
  await using both = client({ '127.0.0.1:1': { ca: [file], http: true } });
  await assert.rejects(both.resolve(reference, { signal }), failsWith('registry-config', /both http and ca/));
});

test('a registry that asks for a pause gets it, from all that is still to be asked', async () => {
  await using registry = await TestRegistry.open();
  const waits: number[] = [];
  const retry = { tries: 3, delay: () => 0, wait: async (milliseconds: number) => void waits.push(milliseconds) };
  await using registries = client({}, undefined, { retry });
  registry.addImage('app', 'v1');
  registry.fault({ on: /manifests/, kind: 'status', status: 429, headers: { 'retry-after': '40' } });
  await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.deepEqual(waits, [40_000]);
  await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.equal(waits.length, 2);
  assert.ok(waits[1]! > 30_000 && waits[1]! <= 40_000, String(waits[1]));
});

test('a pause that is longer than a build is told instead of kept', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  registry.addImage('app', 'v1');
  const on = /manifests/;
  const headers = { 'retry-after': '3600' };
  registry.fault({ on, kind: 'status', status: 429, headers, code: 'TOOMANYREQUESTS', times: 9 });
  await assert.rejects(
    registries.resolve(parseReference(`${registry.host}/app:v1`), { signal }),
    failsWith('registry-error', /429.*left alone for 3600 seconds/),
  );
  assert.equal(registry.log.length, 1);
});

test('a date in Retry-After counts from now', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(retryAfter('Thu, 01 Jan 2026 00:00:09 GMT', now), 9000);
  assert.equal(retryAfter('soon', now), undefined);
});

test('a token service that is busy, or breaks off, is asked again', async () => {
  await using registry = await FaultRegistry.open();
  registry.addImage('app', 'v1');
  await using registries = client({ [registry.host]: { ca: [registry.ca] } }, credentials);
  registry.fault({ on: /token/, kind: 'status', status: 503 });
  registry.fault({ on: /token/, kind: 'break-off' });
  await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.equal(registry.asked('GET', '/token'), 3);
});

test('warnings of a registry are handed on, each once and without what steers a terminal', async () => {
  await using registry = await TestRegistry.open();
  const warnings: RegistryWarning[] = [];
  await using registries = client({}, undefined, { onWarning: (warning) => warnings.push(warning) });
  registry.addImage('app', 'v1');
  registry.manners.warnings = ['299 - "this \\"repository\\" moves\u009b31m"', '299 - "second"', '110 - "stale"'];
  for (const _ of [1, 2]) await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.deepEqual(warnings, [
    { host: registry.host, text: 'this "repository" moves 31m' },
    { host: registry.host, text: 'second' },
  ]);
});

test('a manifest that the registry calls something else is refused', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] };
  const { digest } = registry.addManifest('app', 'v1', index);
  const kept = registry.manifests.get('app:v1')!;
  const as = (mediaType: string) => {
    for (const name of ['app:v1', `app@${digest}`]) registry.manifests.set(name, { ...kept, mediaType });
  };
  const reference = parseReference(`${registry.host}/app:v1`);
  as('application/vnd.oci.image.manifest.v1+json');
  const found = await registries.resolve(reference, { signal });
  await assert.rejects(found.manifest(digest, { signal }), failsWith('registry-content', /index.* it calls/));
  // A server of plain files knows no better; parameters are no part of a type.
  for (const type of ['application/json', 'application/octet-stream', `${index.mediaType}; charset=utf-8`]) {
    as(type);
    const { descriptor } = await registries.resolve(reference, { signal });
    assert.equal(descriptor.mediaType, index.mediaType);
  }
});

test('a blob of another size than its descriptor says is refused before it is read', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const { layers } = registry.addImage('app', 'v1', { layers: [Buffer.alloc(200_000)] });
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  for (const by of [1, -1]) {
    registry.fault({ on: /^GET .*blobs/, kind: 'wrong-size', by });
    const pieces = found.blobs.open(layers[0]!)[Symbol.asyncIterator]();
    await assert.rejects(pieces.next(), failsWith('registry-content', /instead of 200000/));
  }
});

test('a download that gets ahead may break off more often than one that does not', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const bytes = Buffer.alloc(8 << 20, 'long');
  const { layers } = registry.addImage('app', 'v1', { layers: [bytes] });
  registry.fault({ on: /^GET .*blobs/, kind: 'break-off', after: 3 << 19, times: 5 });
  const found = await registries.resolve(parseReference(`${registry.host}/app:v1`), { signal });
  assert.deepEqual(Buffer.from(await collect(found.blobs.open(layers[0]!), 9 << 20)), bytes);
});

test('a manifest of more than four megabytes is read, an endless one is not', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  const of = (size: number) => ({ schemaVersion: 2, manifests: [], annotations: { long: 'x'.repeat(size) } });
  for (const [tag, size] of [
    ['large', 5 << 20],
    ['endless', 9 << 20],
  ] as const) {
    const { digest } = registry.addManifest('app', tag, of(size));
    const found = await registries.resolve(parseReference(`${registry.host}/app@${digest}`), { signal });
    const reading = found.manifest(digest, { signal });
    if (tag === 'large') assert.ok((await reading).length > 5 << 20);
    else await assert.rejects(reading, failsWith('registry-content', /more than 8388608 bytes/));
  }
});
