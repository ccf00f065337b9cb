import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { diffImages, type DiffOptions, type ImageDiff } from './diff.ts';
import type { ImageAt } from './read-image.ts';

/** `path: text` is a file, `path/: mode` a folder, `path: ->x` a symlink, `path: =x` a hard link. */
type Layer = Readonly<Record<string, string>>;

const signal = new AbortController().signal;
const platform = { os: 'linux', architecture: 'amd64' };

async function tarOf(layer: Layer): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date(0); // equal layers are equal whenever they are packed
  for (const [name, text] of Object.entries(layer)) {
    if (name.endsWith('/')) tar.entry({ name, mtime, type: 'directory', mode: Number.parseInt(text || '755', 8) });
    else if (text.startsWith('->')) tar.entry({ name, mtime, type: 'symlink', linkname: text.slice(2) });
    else if (text.startsWith('=')) tar.entry({ name, mtime, type: 'link', linkname: text.slice(1) });
    else {
      const [, mode = '644', uid = '0', rest = text] = /^(\d+)@(\d+):(.*)$/s.exec(text) ?? [];
      tar.entry({ name, mtime, mode: Number.parseInt(mode, 8), uid: Number(uid) }, rest);
    }
  }
  tar.finalize();
  return Buffer.from(await collect(tar as AsyncIterable<Uint8Array>, 1 << 24));
}

/** Images of layers in memory; `read` says which of them were asked for. */
class Images {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly read = new Set<Digest>();

  async image(
    name: string,
    layers: readonly Layer[],
    {
      config = {},
      instructions = [],
      document: written,
    }: {
      readonly config?: ContainerConfig;
      readonly instructions?: readonly string[];
      readonly document?: string;
    } = {},
  ): Promise<ImageAt & { readonly layers: readonly Descriptor[] }> {
    const tars = await Promise.all(layers.map(tarOf));
    const blobs = tars.map((tar, i) => this.#put(i % 2 ? gzipSync(tar) : tar, mediaTypes.ociLayerGzip));
    const history = layers.map((_, i) => ({ created_by: instructions[i] ?? `COPY ${i}` }));
    const document = {
      ...platform,
      config,
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
      history,
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: this.#put(Buffer.from(written ?? JSON.stringify(document)), mediaTypes.ociConfig),
      layers: blobs,
    };
    const descriptor = this.#put(Buffer.from(JSON.stringify(manifest)), mediaTypes.ociManifest);
    return { name, descriptor, provider: this, layers: blobs };
  }

  forget({ digest }: Descriptor): void {
    this.#blobs.delete(digest);
  }

  async *open({ digest }: Pick<Descriptor, 'digest'>) {
    this.read.add(digest);
    const bytes = this.#blobs.get(digest);
    if (!bytes) throw new Failed({ kind: 'content-missing', message: `${digest} is not here` });
    yield bytes;
  }

  #put(bytes: Uint8Array, mediaType: string): Descriptor {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }
}

function told({ files }: ImageDiff): readonly string[] | undefined {
  const signs = { added: '+', removed: '-', changed: '~' } as const;
  return files?.map(({ kind, path, layer }) => `${signs[kind]} ${path} @${layer ?? ''}`);
}

async function diff(a: readonly Layer[], b: readonly Layer[], options: Partial<DiffOptions> = {}): Promise<ImageDiff> {
  const images = new Images();
  const [from, to] = [await images.image('a', a), await images.image('b', b)];
  return diffImages(from, to, { platform, signal, ...options });
}

test('diffImages tells what is added, removed and changed, with the layer that it is by', async () => {
  const base = { 'etc/': '', 'etc/passwd': 'root', 'bin/': '', 'bin/sh': '755@0:sh' };
  const found = await diff(
    [base, { 'app/': '', 'app/old': 'x', 'app/same': 's', 'app/text': 'one', 'app/run': '644@0:r' }],
    [base, { 'app/': '', 'app/new': 'n', 'app/same': 's', 'app/text': 'two', 'app/run': '755@7:r' }, { '.wh.bin': '' }],
  );
  assert.deepEqual(told(found), [
    '+ app/new @1',
    '- app/old @1',
    '~ app/run @1',
    '~ app/text @1',
    '- bin @2',
    '- bin/sh @2',
  ]);
  assert.deepEqual(
    found.layers.map(({ kind, files }) => [kind, files]),
    [
      ['same', { added: 0, removed: 0, changed: 0 }],
      ['changed', { added: 1, removed: 1, changed: 2 }],
      ['added', { added: 0, removed: 2, changed: 0 }],
    ],
  );
  const run = found.files!.find(({ path }) => path === 'app/run')!;
  assert.ok(run.kind === 'changed');
  assert.deepEqual([run.from.mode, run.to.mode, run.from.uid, run.to.uid], [0o644, 0o755, 0, 7]);
  assert.equal(run.from.content, run.to.content);
  assert.equal(found.same, false);
});

test('diffImages reads no layer of images that are the same, and none below unless something asks for it', async () => {
  const images = new Images();
  const base = { 'etc/': '', 'etc/passwd': 'root' };
  const a = await images.image('a', [base, { app: 'one' }]);
  const b = await images.image('b', [base, { app: 'two' }]);
  const c = await images.image('c', [base, { other: 'two' }]);
  const same = await diffImages(a, a, { platform, signal });
  assert.deepEqual([same.same, same.files], [true, []]);
  assert.ok(a.layers.every(({ digest }) => !images.read.has(digest)));
  await diffImages(a, b, { platform, signal });
  assert.ok(!images.read.has(a.layers[0]!.digest));
  await diffImages(a, c, { platform, signal, askBelow: false });
  assert.ok(!images.read.has(a.layers[0]!.digest));
  await diffImages(a, c, { platform, signal });
  assert.ok(images.read.has(a.layers[0]!.digest));
});

test('diffImages says of a file that one image writes over what is below what it was', async () => {
  const base = { 'etc/': '', 'etc/motd': 'hello' };
  const found = await diff([base], [base, { 'etc/': '', 'etc/motd': 'bye' }]);
  assert.deepEqual(told(found), ['~ etc/motd @1']);
  assert.deepEqual(told(await diff([base, { 'etc/.wh.motd': '' }], [base])), ['+ etc/motd @1']);
  assert.deepEqual(told(await diff([base, { 'etc/.wh..wh..opq': '', 'etc/new': '' }], [base])), [
    '+ etc/motd @1',
    '- etc/new @1',
  ]);
});

test('diffImages follows hard links, and compares symlinks by where they point', async () => {
  const found = await diff(
    [{ one: 'text', two: '=one', link: '->one' }],
    [{ one: 'other', two: '=one', link: '->two' }],
  );
  assert.deepEqual(told(found), ['~ link @0', '~ one @0', '~ two @0']);
});

test('diffImages keeps to the paths that are asked for', async () => {
  const found = await diff([{ 'a/': '', 'a/x': '1', ab: '1' }], [{ 'a/': '', 'a/x': '2', ab: '2' }], { paths: ['/a'] });
  assert.deepEqual(told(found), ['~ a/x @0']);
});

test('diffImages tells the settings that differ, and not when an image was made', async () => {
  const images = new Images();
  const a = await images.image('a', [{}], { config: { Env: ['A=1', 'B=2'], Entrypoint: ['/x'], Labels: { v: '1' } } });
  const b = await images.image('b', [{}], { config: { Env: ['A=1', 'B=3', 'C=4'], Cmd: ['y'], Labels: { v: '2' } } });
  assert.deepEqual((await diffImages(a, b, { platform, signal })).config, [
    { key: 'Cmd', to: ['y'] },
    { key: 'Entrypoint', from: ['/x'] },
    { key: 'Env.B', from: '2', to: '3' },
    { key: 'Env.C', to: '4' },
    { key: 'Labels.v', from: '1', to: '2' },
  ]);
});

test('diffImages compares sizes and configs where layers are gone, and says which', async () => {
  const images = new Images();
  const a = await images.image('a', [{ base: '' }, { x: '1' }]);
  const b = await images.image('b', [{ base: '' }, { x: '2' }]);
  images.forget(a.layers[1]!);
  const found = await diffImages(a, b, { platform, signal });
  assert.equal(found.files, undefined);
  assert.deepEqual(found.missing, [a.layers[1]!.digest]);
  assert.deepEqual(
    found.layers.map(({ kind }) => kind),
    ['same', 'changed'],
  );
});

test('diffImages pairs layers by instruction where some are new', async () => {
  const images = new Images();
  const a = await images.image('a', [{ a: '1' }, { c: '1' }], { instructions: ['COPY a', 'COPY c'] });
  const b = await images.image('b', [{ a: '1' }, { b: '1' }, { c: '2' }], {
    instructions: ['COPY a', 'RUN b', 'COPY c'],
  });
  const { layers } = await diffImages(a, b, { platform, signal });
  assert.deepEqual(
    layers.map(({ kind, instruction }) => [kind, instruction]),
    [
      ['same', 'COPY a'],
      ['added', 'RUN b'],
      ['changed', 'COPY c'],
    ],
  );
});

test('diffImages refuses what no tree can have', async () => {
  await assert.rejects(diff([{}], [{ [`${'a/'.repeat(3000)}b`]: 'x' }]), /more than 2048 names/);
});

test('diffImages finds what putting all layers on each other finds, for random images', async () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = generator(seed);
    const shared = Array.from({ length: 1 + random(2) }, () => randomLayer(random));
    const [a, b] = [0, 1].map(() => [...shared, ...Array.from({ length: random(4) }, () => randomLayer(random))]) as [
      Layer[],
      Layer[],
    ];
    const [before, after] = [flattened(a), flattened(b)];
    const expected = [...new Set([...before.keys(), ...after.keys()])]
      .filter((path) => before.get(path) !== after.get(path))
      .map((path) => `${!before.has(path) ? '+' : !after.has(path) ? '-' : '~'} ${path}`)
      .sort();
    const found = (await diff(a, b)).files!.map(
      ({ kind, path }) => `${{ added: '+', removed: '-', changed: '~' }[kind]} ${path}`,
    );
    assert.deepEqual(found.sort(), expected, JSON.stringify({ seed, a, b }, null, 1));
  }
});

function generator(seed: number): (below: number) => number {
  let count = 0;
  return (below) => createHash('md5').update(`${seed} ${count++}`).digest().readUInt32BE() % below;
}

/** Few names, so that everything happens to everything. */
function randomLayer(random: (below: number) => number): Layer {
  const layer: Record<string, string> = {};
  const taken = new Map<string, 'file' | 'folder'>();
  for (let i = random(5); i >= 0; i--) {
    const names = Array.from({ length: 1 + random(3) }, () => 'abc'[random(3)]!);
    const folders = names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join('/'));
    const path = names.join('/');
    if (folders.some((folder) => taken.get(folder) === 'file') || taken.has(path)) continue;
    for (const folder of folders) {
      taken.set(folder, 'folder');
      layer[`${folder}/`] ??= random(4) ? '755' : '700';
    }
    const parent = folders.at(-1);
    switch (random(6)) {
      case 0:
        layer[`${parent === undefined ? '' : `${parent}/`}.wh.${names.at(-1)}`] = '';
        break;
      case 1:
        if (parent !== undefined) layer[`${parent}/.wh..wh..opq`] = '';
        break;
      case 2:
        taken.set(path, 'folder');
        layer[`${path}/`] = '755';
        break;
      default:
        taken.set(path, 'file');
        layer[path] = `text ${random(3)}`;
    }
  }
  return layer;
}

/** What a tree of these layers holds, the plain way: whiteouts of a layer first, then what it brings. */
function flattened(layers: readonly Layer[]): ReadonlyMap<string, string> {
  const tree = new Map<string, string>();
  const drop = (path: string, { itself }: { readonly itself: boolean }) => {
    for (const each of tree.keys()) if ((itself && each === path) || each.startsWith(`${path}/`)) tree.delete(each);
  };
  for (const layer of layers) {
    for (const name of Object.keys(layer)) {
      const [, folder = '', what] = /^(.*\/)?\.wh\.(.*)$/.exec(name) ?? [];
      if (what === '.wh..opq') drop(folder.slice(0, -1), { itself: false });
      else if (what !== undefined) drop(`${folder}${what}`, { itself: true });
    }
    for (const [name, text] of Object.entries(layer)) {
      if (name.includes('.wh.')) continue;
      if (!name.endsWith('/')) drop(name, { itself: true });
      tree.set(name.replace(/\/$/, ''), name.endsWith('/') ? `folder ${text}` : text);
    }
  }
  return tree;
}

test('an image whose config is none is refused by its name', async () => {
  const images = new Images();
  const good = await images.image('good', [{ a: '1' }]);
  for (const document of ['not JSON', 'null', '7', '{"rootfs":{"diff_ids":7}}', '{"history":{}}']) {
    const odd = await images.image('odd', [{ a: '1' }], { document });
    await assert.rejects(diffImages(good, odd, { platform, signal }), /^Failed: odd is no image: /, document);
  }
});
