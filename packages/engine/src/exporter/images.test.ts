import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeRef, layerTar } from '../../../../test/rig/fake-ref.ts';
import { TestRegistry } from '../../../../test/rig/registry.ts';
import { openLayout } from '../content/layout.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { arm64, baseHistory, config, exported, image, layers, world } from './exporter-fixture.ts';
import { exporters } from './exporter.ts';

async function readImage(path: string) {
  await using layout = await openLayout(path);
  const json = async (descriptor: Descriptor) =>
    JSON.parse(Buffer.from(await collect(layout.open(descriptor), 1 << 20)).toString());
  const root = layout.roots[0]!;
  const top = await json(root);
  const manifest = top.manifests ? await json(top.manifests[0]) : top;
  const text = Buffer.from(await collect(layout.open(manifest.config), 1 << 20)).toString();
  return { roots: layout.roots, top, manifest, text, config: JSON.parse(text) as ImageConfig };
}

async function refuses(type: keyof typeof exporters, attrs: Record<string, string>, message: RegExp): Promise<void> {
  const destination = type === 'image' ? {} : { destination: { kind: 'file', path: '/x' } as const };
  await assert.rejects(
    exporters[type].check({ attrs, ...destination }, { signal: new AbortController().signal }),
    (error) => error instanceof Failed && message.test(error.message),
  );
}

test('an OCI archive has the documents as BuildKit writes them, and the same bytes each time', async () => {
  await using folder = makeTempFolder();
  const attrs = { name: 'app,ghcr.io/team/app:v2', 'annotation.note': 'a<b' };
  const paths = ['one.tar', 'two.tar'].map((name) => join(folder.path, name));
  for (const path of paths) {
    const made = await exported('oci', { attrs, destination: { kind: 'file', path } });
    assert.equal(made.response['image.name'], 'docker.io/library/app:latest,ghcr.io/team/app:v2');
    assert.equal(made.response['containerimage.digest'], made.digest);
  }
  assert.deepEqual(readFileSync(paths[0]!), readFileSync(paths[1]!));
  assert.deepEqual(readdirSync(folder.path).sort(), ['one.tar', 'two.tar']);
  const read = await readImage(paths[0]!);
  assert.deepEqual(
    read.roots.map(({ annotations, platform }) => [annotations, platform]),
    [
      ['docker.io/library/app:latest', 'latest'],
      ['ghcr.io/team/app:v2', 'v2'],
    ].map(([name, tag]) => [
      {
        'io.containerd.image.name': name,
        'org.opencontainers.image.created': '1970-01-01T00:00:00Z',
        'org.opencontainers.image.ref.name': tag,
      },
      { architecture: 'amd64', os: 'linux' },
    ]),
  );
  assert.equal(
    read.text,
    '{"architecture":"amd64","config":{"User":"me","Env":["A=1"],"Labels":{"a":"1","b":"2"}},"created":"1970-01-01T00:00:00Z",' +
      '"history":[{"created":"2020-02-02T02:02:02Z","created_by":"base"},' +
      '{"created":"1970-01-01T00:00:00Z","created_by":"ENV A=1","empty_layer":true},' +
      '{"created":"1970-01-01T00:00:00Z","created_by":"RUN \\u003cx\\u003e \\u0026\\u0026 y"}],"os":"linux",' +
      `"rootfs":{"type":"layers","diff_ids":${JSON.stringify(read.config.rootfs!.diff_ids)}}}`,
  );
  assert.deepEqual(read.manifest.annotations, { note: 'a<b' });
  assert.deepEqual(Object.keys(read.manifest), ['schemaVersion', 'mediaType', 'config', 'layers', 'annotations']);
  assert.deepEqual(Object.keys(read.manifest.layers[0]), ['mediaType', 'digest', 'size']);
  const listed = execFileSync('tar', ['-tvf', paths[0]!, '--numeric-owner'], { env: { TZ: 'UTC' } })
    .toString()
    .trim()
    .split('\n');
  assert.ok(listed.every((line) => line.includes(' 0/0 ') && line.includes('1970-01-01')));
});

test('an epoch is the time of what is new, and caps what is later; the base keeps its times', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  const ref = fakeRef(layers);
  const later = [...baseHistory, { created: '2038-01-01T00:00:00Z', created_by: 'late' }];
  const baseConfig = config({ history: baseHistory, rootfs: { type: 'layers', diff_ids: ['sha256:0' as Digest] } });
  const images = [image({ ref, epoch: 1_500_000_000, config: config({ history: later }), baseConfig })];
  await exported('oci', { images, attrs: { 'rewrite-timestamp': 'true' }, destination: { kind: 'file', path } });
  const { config: read, roots } = await readImage(path);
  assert.deepEqual(
    read.history?.map(({ created }) => created),
    ['2020-02-02T02:02:02Z', '2017-07-14T02:40:00Z'],
  );
  assert.equal(read.created, '2017-07-14T02:40:00Z');
  assert.equal(roots[0]?.annotations?.['org.opencontainers.image.created'], '2017-07-14T02:40:00Z');
  assert.equal(ref.asked[0]?.epoch, 1_500_000_000);
  assert.equal(ref.asked[0]?.keep, 1);
});

test('the exporter says when: its epoch goes before the build’s, and created=now is the clock', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  const created = async (attrs: Record<string, string>) => {
    await exported('oci', { images: [image({ epoch: 5 })], attrs, destination: { kind: 'file', path } });
    return (await readImage(path)).config.created;
  };
  assert.equal(await created({ 'source-date-epoch': '60' }), '1970-01-01T00:01:00Z');
  assert.equal(await created({ 'source-date-epoch': '' }), '1970-01-01T00:00:00Z');
  assert.equal(await created({}), '1970-01-01T00:00:05Z');
  assert.ok(Math.abs(Date.parse((await created({ created: 'now' }))!) - Date.now()) < 60_000);
});

test('history and layers are brought in line', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  const history = async (
    given: ImageConfig['history'],
    ref = fakeRef([...layers, { tar: layerTar({ z: '' }), description: 'third' }]),
  ) => {
    await exported('oci', {
      images: [image({ ref, config: config({ history: given! }) })],
      destination: { kind: 'file', path },
    });
    return (await readImage(path)).config.history!.map(({ created_by, empty_layer, comment }) => [
      created_by,
      empty_layer,
      comment,
    ]);
  };
  assert.deepEqual(await history([{ created_by: 'one' }]), [
    ['one', undefined, undefined],
    ['created by buildkit', undefined, 'buildkit.exporter.image.v0'],
    ['third', undefined, 'buildkit.exporter.image.v0'],
  ]);
  assert.deepEqual(
    await history([{ created_by: 'one' }, { created_by: 'two' }, { created_by: 'three' }], fakeRef(layers)),
    [
      ['one', undefined, undefined],
      ['two', undefined, undefined],
      ['three', true, undefined],
    ],
  );
});

test('several platforms make an index, with annotations where they belong', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  const images = [image(), image({ platform: arm64, config: config({ architecture: 'arm64' }) })];
  const attrs = {
    'annotation.all': '1',
    'annotation[linux/arm64].arm': '2',
    'annotation-index.top': '3',
    'annotation-manifest-descriptor.d': '4',
    'annotation-index-descriptor.i': '5',
  };
  await exported('oci', { images, multiPlatform: true, attrs, destination: { kind: 'file', path } });
  await using layout = await openLayout(path);
  const read = async (descriptor: Descriptor) =>
    JSON.parse(Buffer.from(await collect(layout.open(descriptor), 1 << 20)).toString());
  const [root] = layout.roots;
  assert.equal(root!.annotations?.['i'], '5');
  const index = await read(root!);
  assert.deepEqual(index.annotations, { top: '3' });
  assert.deepEqual(
    index.manifests.map((one: Descriptor) => [one.platform?.architecture, one.annotations]),
    [
      ['amd64', { d: '4' }],
      ['arm64', { d: '4' }],
    ],
  );
  assert.deepEqual((await read(index.manifests[0])).annotations, { all: '1' });
  assert.deepEqual((await read(index.manifests[1])).annotations, { all: '1', arm: '2' });
  await assert.rejects(
    exported('docker', { images, multiPlatform: true, destination: { kind: 'file', path } }),
    /manifest lists/,
  );
  await assert.rejects(
    exported('oci', { attrs, destination: { kind: 'file', path } }),
    /no platform linux\/arm64|index annotations/,
  );
});

test('oci-mediatypes=false writes Docker’s types', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  await exported('oci', { attrs: { 'oci-mediatypes': 'false' }, destination: { kind: 'file', path } });
  const { manifest } = await readImage(path);
  assert.equal(manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  assert.equal(manifest.config.mediaType, 'application/vnd.docker.container.image.v1+json');
  assert.equal(manifest.layers[0].mediaType, 'application/vnd.docker.image.rootfs.diff.tar.gzip');
});

test('LLB without a config gets the default one', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  const { config: _none, ...bare } = image();
  await exported('oci', { images: [bare], destination: { kind: 'file', path } });
  const { config: read } = await readImage(path);
  assert.equal(read.config.WorkingDir, '/');
  assert.equal(read.history?.length, 2);
});

test('tar=false joins a layout folder, and takes the place of what had its name', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'layout');
  const write = (attrs: Record<string, string>, images = [image()]) =>
    exported('oci', { images, attrs: { tar: 'false', ...attrs }, destination: { kind: 'folder', path } });
  await write({ name: 'app:one' });
  await write({ name: 'app:two' });
  const made = await write({ name: 'app:one' }, [image({ ref: fakeRef([layers[0]!]) })]);
  await using layout = await openLayout(path);
  assert.deepEqual(layout.roots.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']).sort(), [
    'one',
    'two',
  ]);
  assert.equal((await layout.find({ tag: 'one' }))?.digest, made.digest);
});

test('a docker archive has a manifest.json that docker load reads', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  await exported('docker', { attrs: { name: 'app:v1' }, destination: { kind: 'file', path } });
  const [entry] = JSON.parse(execFileSync('tar', ['-xOf', path, 'manifest.json']).toString());
  assert.deepEqual(entry.RepoTags, ['app:v1']);
  assert.equal(entry.Layers.length, 2);
  assert.match(entry.Config, /^blobs\/sha256\/[0-9a-f]{64}$/);
});

test('the image exporter keeps the image under its names, and pushes it', async () => {
  await using registry = await TestRegistry.open();
  await using there = await world();
  const name = `app:v1,${registry.host}/team/app:v1`;
  const input = { images: [image()], multiPlatform: false, attrs: { name, 'name-canonical': 'true' } };
  const made = await exporters.image.make(input, there.deps, there.job);
  assert.deepEqual(
    [...there.names.keys()],
    [
      'docker.io/library/app:v1',
      `docker.io/library/app:v1@${made.digest}`,
      `${registry.host}/team/app:v1`,
      `${registry.host}/team/app:v1@${made.digest}`,
    ],
  );
  assert.ok(await there.deps.content.stat(made.digest!));
  assert.equal(made.finalise, undefined);
  const pushing = { ...input, attrs: { name: `${registry.host}/team/app:v1`, push: '' } };
  await (
    await exporters.image.make(pushing, there.deps, there.job)
  ).finalise!();
  assert.ok(registry.manifests.has('team/app:v1'));
});

test('options that make no sense are told before anything is built', async () => {
  await refuses('oci', { compresion: 'zstd' }, /no option "compresion"; did you mean compression\?/);
  await refuses('oci', { compression: 'lzma' }, /unsupported compression type lzma/);
  await refuses('oci', { 'compression-level': '23', compression: 'zstd' }, /none of zstd's/);
  await refuses('oci', { 'rewrite-timestamp': 'maybe' }, /non-bool value "maybe"/);
  await refuses('oci', { name: 'UPPER' }, /lowercase/);
  await refuses('oci', { 'source-date-epoch': 'x' }, /source-date-epoch/);
  await refuses('oci', { tar: 'false' }, /writes a folder/);
  await refuses('image', { push: 'true' }, /takes a name/);
  await refuses('image', { unpack: '' }, /unpack/);
  await refuses('local', { mode: 'move' }, /mode=move is none of copy, delete/);
  await refuses('oci', { 'annotation-manifesto.x': '1' }, /unrecognized annotation type manifesto/);
});

test('a failed write leaves what was there, and nothing else', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'x.tar');
  writeFileSync(path, 'before');
  const ref = fakeRef(layers);
  const broken = {
    ...ref,
    blobs: async (options: Parameters<typeof ref.blobs>[0]) =>
      (await ref.blobs(options)).map((blob) => ({
        ...blob,
        provider: {
          // oxlint-disable-next-line require-yield
          async *open(): AsyncGenerator<Uint8Array> {
            throw new Error('the disk broke');
          },
        },
      })),
  };
  await assert.rejects(
    exported('oci', { images: [image({ ref: broken })], destination: { kind: 'file', path } }),
    /the disk broke/,
  );
  assert.equal(readFileSync(path, 'utf8'), 'before');
  assert.deepEqual(readdirSync(folder.path), ['x.tar']);
});
