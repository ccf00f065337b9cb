// What a CI does: one machine builds a workspace and keeps its cache in a registry, the next one starts with nothing.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { makeExampleBases } from '../rig/bases.ts';
import { startDebianRegistry, type DebianRegistry } from '../rig/debian-registry.ts';
import { projectRoot } from '../rig/rig.ts';

interface Line {
  readonly type: string;
  readonly image?: string;
  readonly status?: 'built' | 'cached' | 'failed' | 'blocked' | 'cancelled';
  readonly digest?: string;
  readonly message?: string;
  readonly steps?: { readonly run: number };
}

interface CacheConfig {
  readonly layers: readonly { readonly blob: string }[];
  readonly records: readonly {
    readonly layers?: readonly { readonly layer: number }[];
    readonly inputs?: readonly (readonly { readonly link: number }[])[];
  }[];
}

/** Builds all examples on a machine. */
async function build(cacheDir: string, ...flags: readonly string[]) {
  const cli = join(projectRoot, 'node_modules/.bin/cli');
  const args = ['build', 'all', ...flags, '--json', '--cache-dir', cacheDir];
  const { stdout } = await promisify(execFile)(cli, args, { cwd: projectRoot, maxBuffer: 2 ** 26 });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const images = lines.filter(({ type }) => type === 'image.end');
  return {
    run: lines.find(({ type }) => type === 'run.end')!.steps!.run,
    images: images.map(({ image, digest }) => `${image} ${digest}`).toSorted(),
    statuses: [...new Set(images.map(({ status }) => status))],
    warnings: lines.flatMap(({ type, message }) => (type === 'warn' ? message! : [])),
  };
}

/** The upper layer of an image of the cache that a tag names. */
async function imageLayer(registry: DebianRegistry, tag: string): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const read = async <T>(what: string) =>
    (await fetch(`http://${registry.host}/v2/shop/${what}`, { headers: { accept } })).json() as Promise<T>;
  const { config } = await read<{ config: { digest: string } }>(`manifests/${tag}`);
  const { layers, records } = await read<CacheConfig>(`blobs/${config.digest}`);
  const inner = new Set(records.flatMap(({ inputs = [] }) => inputs.flat().map(({ link }) => link)));
  const outermost = records.find((record, i) => record.layers && !inner.has(i))!;
  return layers[outermost.layers![0]!.layer]!.blob;
}

test('a second machine builds the whole workspace from the cache of the first without running a step', async () => {
  makeExampleBases();
  await using folder = makeTempFolder();
  await using registry = await startDebianRegistry();
  const cache = `${registry.host}/shop:cache`;
  const first = await build(join(folder.path, 'one'), '--cache-to', `type=registry,ref=${cache},mode=max`);
  assert.ok(first.run > 0);
  assert.ok(first.images.length >= 10);

  const second = await build(join(folder.path, 'two'), '--cache-from', cache);
  assert.deepEqual([second.run, second.warnings, second.statuses], [0, [], ['cached']]);
  assert.deepEqual(second.images, first.images);

  // A layer that lies is refused, its step runs, and all else still comes from the cache.
  const path = registry.blob(await imageLayer(registry, 'cache'));
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  const third = await build(join(folder.path, 'three'), '--cache-from', cache);
  assert.ok(third.run > 0 && third.run < first.run);
  assert.ok(third.warnings.some((message) => message.includes('a result cannot be taken from this cache')));
  assert.deepEqual(third.statuses.toSorted(), ['built', 'cached']);
});
