import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeRef } from '../../../../test/rig/fake-ref.ts';
import type { Attestation, ResultTold } from '../attestation/attestation.ts';
import { openLayout } from '../content/layout.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import type { Index, Manifest } from '../oci/manifest.ts';
import { collect } from '../std/collect.ts';
import { makeTempFolder } from '../std/temp.ts';
import { amd64, arm64, config, exported, image, layers } from './exporter-fixture.ts';

function attestation(more: Partial<Attestation> = {}): Attestation {
  return {
    predicateType: 'https://slsa.dev/provenance/v1',
    filename: 'provenance.json',
    inlineOnly: false,
    predicate: ({ layers: of }: ResultTold) => ({ layers: of.length }),
    ...more,
  };
}

async function layoutOf(path: string) {
  const layout = await openLayout(path);
  const read = async <T>(descriptor: Descriptor) =>
    JSON.parse(Buffer.from(await collect(layout.open(descriptor), 1 << 20)).toString()) as T;
  return { root: layout.roots[0]!, read, [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose]() };
}

test('an image with attestations is an index: the image, and a manifest for no platform that names it', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'app.tar');
  const spdx = attestation({ predicateType: 'https://spdx.dev/Document', filename: 'sbom.spdx.json' });
  const made = await exported('oci', {
    images: [image({ attestations: [attestation(), spdx] })],
    attrs: { name: 'app:1,localhost:5000/app' },
    destination: { kind: 'file', path },
  });
  assert.equal(made.response['containerimage.config.digest'], undefined);
  await using layout = await layoutOf(path);
  assert.equal(layout.root.digest, made.digest);
  const { manifests } = await layout.read<Index>(layout.root);
  const [target, about] = manifests as readonly [Descriptor, Descriptor];
  assert.deepEqual(target.platform, { architecture: 'amd64', os: 'linux' });
  const { digest, size, ...listed } = about;
  assert.ok(digest && size > 0);
  assert.deepEqual(listed, {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    annotations: {
      'vnd.docker.reference.digest': target.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  });
  const manifest = await layout.read<Manifest>(about);
  assert.deepEqual(Object.keys(manifest), [
    'schemaVersion',
    'mediaType',
    'artifactType',
    'config',
    'layers',
    'subject',
  ]);
  assert.equal(manifest.artifactType, 'application/vnd.docker.attestation.manifest.v1+json');
  assert.deepEqual(manifest.config, {
    mediaType: 'application/vnd.oci.empty.v1+json',
    digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    size: 2,
    data: 'e30=',
  });
  const { mediaType } = target;
  assert.deepEqual(manifest.subject, { mediaType, digest: target.digest, size: target.size });
  assert.deepEqual(
    manifest.layers.map((each) => [each.mediaType, each.annotations]),
    ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document'].map((type) => [
      'application/vnd.in-toto+json',
      { 'in-toto.io/predicate-type': type },
    ]),
  );
  const sha256 = target.digest.slice('sha256:'.length);
  assert.deepEqual(await layout.read(manifest.layers[0]!), {
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: ['pkg:docker/app@1', 'pkg:docker/localhost%3A5000/app@latest'].map((name) => ({
      name: `${name}?platform=linux%2Famd64`,
      digest: { sha256 },
    })),
    predicate: { layers: 2 },
  });
});

test('with oci-artifact=false an attestation looks like an image', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'app.tar');
  const attrs = { 'oci-artifact': 'false' };
  const images = [image({ attestations: [attestation()] })];
  await exported('oci', { images, attrs, destination: { kind: 'file', path } });
  await using layout = await layoutOf(path);
  const { manifests } = await layout.read<Index>(layout.root);
  const manifest = await layout.read<Manifest>(manifests[1]!);
  assert.deepEqual([manifest.artifactType, manifest.subject], [undefined, undefined]);
  assert.deepEqual(await layout.read(manifest.config), {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [manifest.layers[0]!.digest] },
  });
});

test('several platforms come first, then what is said of each', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'app.tar');
  const images = [amd64, arm64].map((platform) =>
    image({ platform, config: config({ architecture: platform.architecture }), attestations: [attestation()] }),
  );
  await exported('oci', { images, multiPlatform: true, destination: { kind: 'file', path } });
  await using layout = await layoutOf(path);
  const { manifests } = await layout.read<Index>(layout.root);
  assert.deepEqual(
    manifests.map(({ platform }) => platform!.architecture),
    ['amd64', 'arm64', 'unknown', 'unknown'],
  );
  assert.deepEqual(
    manifests.slice(2).map(({ annotations }) => annotations!['vnd.docker.reference.digest']),
    manifests.slice(0, 2).map(({ digest }) => digest),
  );
});

test('what is for images alone goes into images, and elsewhere where it is asked for', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'app.tar');
  const images = [image({ attestations: [attestation({ inlineOnly: true })] })];
  const destination = { kind: 'file', path } as const;
  const plain = await exported('oci', { destination });
  assert.equal((await exported('oci', { images, destination })).digest, plain.digest);
  const inline = await exported('oci', { images, destination, attrs: { 'attestation-inline': 'true' } });
  assert.notEqual(inline.digest, plain.digest);
  assert.equal((await exported('image', { images })).digest, inline.digest);
});

test('attestations are refused where there is no room for them', async () => {
  await using folder = makeTempFolder();
  const images = [image({ attestations: [attestation()] })];
  const destination = { kind: 'file', path: join(folder.path, 'app.tar') } as const;
  await assert.rejects(exported('docker', { images, destination }), /use type=oci .* for attestations/);
  await assert.rejects(
    exported('oci', { images, destination, attrs: { 'oci-mediatypes': 'false' } }),
    /cannot export attestations with "oci-mediatypes=false"/,
  );
});

test('an image made now tells when it was built', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'app.tar');
  const told: ResultTold[] = [];
  const spy = attestation({ predicate: (result) => told.push(result) });
  const input = {
    images: [image({ attestations: [spy] })],
    destination: { kind: 'file', path } as const,
    startedAt: 5,
  };
  await exported('oci', input);
  await exported('oci', { ...input, attrs: { created: 'now' } });
  assert.equal(told[0]!.times, undefined);
  assert.equal(told[1]!.times!.started, 5);
  assert.ok(told[1]!.times!.finished > 5);
});

test('files get their statements beside them, about every file', async () => {
  await using folder = makeTempFolder();
  const root = join(folder.path, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin/app'), 'program');
  const of = (platform: typeof amd64) =>
    image({ platform, ref: fakeRef(layers, { path: root }), attestations: [attestation()] });
  const destination = { kind: 'folder', path: join(folder.path, 'out') } as const;
  const at = (name: string) => join(destination.path, name);
  await exported('local', { images: [of(amd64)], destination, attrs: { 'attestation-prefix': 'a-', mode: 'delete' } });
  const text = readFileSync(at('a-provenance.json'), 'utf8');
  assert.match(text, /^\{\n {2}"_type"/);
  const sha256 = digestOf('program').slice('sha256:'.length);
  assert.deepEqual(JSON.parse(text).subject, [{ name: 'bin/app', digest: { sha256 } }]);
  const stats = statSync(at('a-provenance.json'));
  assert.deepEqual([stats.mode & 0o777, stats.mtimeMs], [0o600, 0]);

  const images = [of(amd64), of(arm64)];
  await exported('local', { images, multiPlatform: true, destination });
  for (const platform of ['linux_amd64', 'linux_arm64']) readFileSync(at(`${platform}/provenance.json`));
  const tar = join(folder.path, 'app.tar');
  const spdx = (each: (typeof images)[number]) => ({
    ...each,
    attestations: [attestation({ filename: 'sbom.spdx.json' })],
  });
  await exported('tar', { images: images.map(spdx), multiPlatform: true, destination: { kind: 'file', path: tar } });
  const listed = execFileSync('tar', ['tf', tar], { encoding: 'utf8' }).split('\n');
  assert.ok(listed.includes('linux_arm64/sbom.spdx.json'), listed.join('\n'));

  const other = fakeRef(layers, { path: join(folder.path, 'empty') });
  mkdirSync(join(folder.path, 'empty'));
  const shared = [of(amd64), { ...of(arm64), ref: other }].map(spdx);
  const attrs = { 'platform-split': 'false' };
  await exported('local', { images: shared, multiPlatform: true, destination, attrs });
  for (const platform of ['linux_amd64', 'linux_arm64']) readFileSync(at(`sbom.spdx.${platform}.json`));

  for (const filename of ['..', '../x', '']) {
    const outside = image({ ref: other, attestations: [attestation({ filename })] });
    await assert.rejects(exported('local', { images: [outside], destination }), /no name for the file/);
  }
  writeFileSync(join(root, 'provenance.json'), '{}');
  await assert.rejects(exported('local', { images: [of(amd64)], destination }), /two files provenance\.json/);
});
