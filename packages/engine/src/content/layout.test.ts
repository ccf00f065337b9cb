import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { failedOf } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { children } from './children.ts';
import { openLayout, refName, writeLayout } from './layout.ts';
import { MemoryStore } from './memory.ts';

async function put(store: MemoryStore, mediaType: string, value: unknown): Promise<Descriptor> {
  async function* bytes() {
    yield Buffer.from(JSON.stringify(value));
  }
  return { mediaType, ...(await store.write(bytes())) };
}

async function image(store: MemoryStore, name: string): Promise<Descriptor> {
  const config = await put(store, mediaTypes.ociConfig, { name });
  return put(store, mediaTypes.ociManifest, { schemaVersion: 2, config, layers: [] });
}

const tagged = (root: Descriptor, tag: string): Descriptor => ({ ...root, annotations: { [refName]: tag } });

test('images are written to a layout, found by tag and digest, and replaced', async () => {
  await using temp = makeTempFolder();
  const from = new MemoryStore();
  const [a, b] = [await image(from, 'a'), await image(from, 'b')];
  await writeLayout(temp.path, { roots: [tagged(a, 'one')], from });
  await writeLayout(temp.path, { roots: [tagged(b, 'two'), a], from });
  await writeLayout(temp.path, { roots: [tagged(b, 'one'), a], from });
  assert.deepEqual(readdirSync(temp.path).sort(), ['blobs', 'index.json', 'oci-layout']);
  await using layout = await openLayout(temp.path);
  assert.deepEqual(layout.roots, [tagged(b, 'two'), tagged(b, 'one'), a]);
  assert.equal((await layout.find({ tag: 'one' }))?.digest, b.digest);
  assert.equal((await layout.find({ digest: a.digest }))?.digest, a.digest);
  assert.equal(await layout.find({ tag: 'three' }), undefined);
  assert.equal(await layout.find(), undefined);
  const [config] = (await children(b, layout)) as [Descriptor];
  assert.equal((await layout.find({ digest: config.digest }))?.digest, config.digest);
  assert.equal(await layout.stat(config.digest), config.size);
});

test('the tar of a layout is read in place, as GNU tar and others write it', async () => {
  await using temp = makeTempFolder();
  const from = new MemoryStore();
  const root = await image(from, 'a');
  const folder = join(temp.path, 'layout');
  await writeLayout(folder, { roots: [root], from });
  for (const format of ['gnu', 'pax', 'ustar']) {
    const tar = join(temp.path, `${format}.tar`);
    execFileSync('tar', [`--format=${format}`, '-cf', tar, '-C', folder, '.']);
    await using layout = await openLayout(tar);
    assert.deepEqual(await layout.find(), root);
    assert.equal((await children(root, layout)).length, 1);
  }
  const compressed = join(temp.path, 'x.tar.gz');
  execFileSync('tar', ['-czf', compressed, '-C', folder, '.']);
  await assert.rejects(openLayout(compressed), /it is compressed; decompress it first/);
});

test('what is no layout is refused, and so is content that was changed', async () => {
  await using temp = makeTempFolder();
  const refused = async (text: RegExp) =>
    assert.rejects(openLayout(temp.path), (error) => text.test(failedOf(error, 'content-malformed')?.message ?? ''));
  await refused(/it has no oci-layout/);
  writeFileSync(join(temp.path, 'oci-layout'), 'x');
  await refused(/oci-layout is not JSON/);
  writeFileSync(join(temp.path, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  await refused(/version is unknown/);
  rmSync(join(temp.path, 'oci-layout'));
  const from = new MemoryStore();
  const root = await image(from, 'a');
  await writeLayout(temp.path, { roots: [root], from });
  const blob = join(temp.path, 'blobs/sha256', root.digest.slice(7));
  writeFileSync(blob, readFileSync(blob, 'utf8').replace('"schemaVersion":2', '"schemaVersion":3'));
  await using layout = await openLayout(temp.path);
  await assert.rejects(children(root, layout), (error) => failedOf(error, 'content-mismatch') !== undefined);
});
