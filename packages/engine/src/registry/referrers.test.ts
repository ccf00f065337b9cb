import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { parseReference } from '../oci/reference.ts';
import { referrersTag } from './referrers.ts';
import { client, Content, failsWith } from './registry-fixture.ts';

const { signal } = new AbortController();
const annotations = { note: 'of a test' };

/** Pushes an artifact about `subject`, by its digest alone. */
async function pushArtifact(registry: TestRegistry, subject: Descriptor, artifactType?: string): Promise<Descriptor> {
  await using registries = client();
  const content = new Content();
  const config = content.add('application/vnd.test.config+json', '{}');
  const about = { config, layers: [], subject, annotations, ...(artifactType && { artifactType }) };
  const root = content.add(mediaTypes.ociManifest, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...about });
  const children = async ({ digest }: Descriptor) => (digest === root.digest ? [config] : []);
  await registries.push(parseReference(`${registry.host}/app`), { root, children, provider: content, signal });
  return root;
}

for (const referrerless of [false, true]) {
  test(`what refers to a manifest is listed, ${referrerless ? 'by a tag where the registry can not' : 'by the registry'}`, async () => {
    await using registry = await TestRegistry.open();
    registry.manners.referrerless = referrerless;
    await using registries = client();
    const { manifest } = registry.addImage('app', 'v1');
    const reference = { ...parseReference(`${registry.host}/app`), digest: manifest.digest };
    assert.deepEqual(await registries.referrers(reference, { signal }), []);
    const typed = await pushArtifact(registry, manifest, 'application/vnd.test');
    const plain = await pushArtifact(registry, manifest);
    await pushArtifact(registry, manifest);
    assert.deepEqual(await registries.referrers(reference, { signal }), [
      { ...typed, artifactType: 'application/vnd.test', annotations },
      { ...plain, artifactType: 'application/vnd.test.config+json', annotations },
    ]);
    const some = await registries.referrers(reference, { artifactType: 'application/vnd.test', signal });
    assert.deepEqual(
      some.map(({ digest }) => digest),
      [typed.digest],
    );
    assert.equal(registry.manifests.has(`app:${referrersTag(manifest.digest)}`), referrerless);
  });
}

test('a list of referrers in pages is read to its end', async () => {
  await using registry = await TestRegistry.open();
  await using registries = client();
  registry.manners.page = 2;
  const { manifest } = registry.addImage('app', 'v1');
  const reference = { ...parseReference(`${registry.host}/app`), digest: manifest.digest };
  const pushed = new Set<string>();
  for (const n of [1, 2, 3, 4, 5]) pushed.add((await pushArtifact(registry, manifest, `application/vnd.${n}`)).digest);
  const found = await registries.referrers(reference, { signal });
  assert.deepEqual(new Set(found.map(({ digest }) => digest)), pushed);
  assert.equal(registry.asked('GET', '/referrers/'), 3);
});

test('a tag in the place of the list that is no list is no list, and is not overwritten', async () => {
  await using registry = await TestRegistry.open();
  registry.manners.referrerless = true;
  await using registries = client();
  const { manifest } = registry.addImage('app', 'v1');
  const tag = referrersTag(manifest.digest);
  const { manifest: other } = registry.addImage('app', tag, { layers: ['other'] });
  const reference = { ...parseReference(`${registry.host}/app`), digest: manifest.digest };
  assert.deepEqual(await registries.referrers(reference, { signal }), []);
  await assert.rejects(pushArtifact(registry, manifest), failsWith('registry-content', /something else than an index/));
  assert.equal(registry.digest(`app:${tag}`), other.digest);
});

test('the tag of a list is the digest, shortened and in the letters of tags', () => {
  assert.equal(referrersTag(`sha512:${'a'.repeat(128)}`), `sha512-${'a'.repeat(64)}`);
  const odd = `sha256+${'b'.repeat(40)}:${'c'.repeat(64)}` as const;
  assert.equal(referrersTag(odd as unknown as `sha256:${string}`), `sha256-${'b'.repeat(25)}-${'c'.repeat(64)}`);
});
