// A cache that buildx wrote gives hits here. BuildKit can't be had in tests; what it exported was recorded, the digests
// of records and how they are linked. To those a result is given that nothing here would make.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ConfigRecord } from '../rig/cache-records.ts';
import { prepareCase } from '../rig/case.ts';
import { Place, runBuild } from '../rig/machines.ts';

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../llb/cache-records.json'), 'utf8')) as Record<
  string,
  ConfigRecord[]
>;

const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
const index = 'application/vnd.oci.image.index.v1+json';

/**
 * A folder as `buildctl --export-cache type=local,image-manifest=false` leaves it. What no other record follows from has a
 * result: a layer with one file, the marker.
 */
async function writeCache(folder: string, records: readonly ConfigRecord[]): Promise<void> {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (mediaType: string, bytes: Buffer | string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) };
  };
  const archive = pack();
  archive.entry({ name: 'marker' }, 'from BuildKit');
  archive.finalize();
  const tar = await buffer(archive);
  const annotations = {
    'buildkit/createdat': '2024-01-02T03:04:05.678901234Z',
    'containerd.io/uncompressed': `sha256:${createHash('sha256').update(tar).digest('hex')}`,
  };
  const blob = { ...put(layer, gzipSync(tar)), annotations };
  const inner = new Set(records.flatMap(({ inputs = [] }) => inputs.flat().map(({ link }) => link)));
  const results = [{ layer: 0, createdAt: '2024-01-02T03:04:05.678901234Z' }];
  const config = {
    layers: [{ blob: blob.digest, parent: -1 }],
    records: records.map((each, i) => (each.inputs && !inner.has(i) ? { layers: results, ...each } : each)),
  };
  const listed = put('application/vnd.buildkit.cacheconfig.v0', JSON.stringify(config));
  const root = put(index, JSON.stringify({ schemaVersion: 2, mediaType: index, manifests: [blob, listed] }));
  const named = { ...root, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
}

test('the records of a cache that BuildKit exported give hits here, of every recorded case', async (t) => {
  for (const [name, records] of Object.entries(recorded)) {
    await t.test(name, async () => {
      using place = new Place();
      using prepared = prepareCase(name);
      await writeCache(place.exported, records);
      const output = join(place.root, 'output');
      // One was recorded without the --add-host that its case has.
      const at = name === 'run-hosts-and-resolv-stay-out' ? prepared.args.indexOf('--add-host') : -1;
      const args = at < 0 ? prepared.args : prepared.args.toSpliced(at, 2);
      const argv = [...place.from, '--output', `type=local,dest=${output}`, ...args];
      const { steps, warnings } = await runBuild(join(place.root, 'machine'), argv, { env: prepared.env });
      assert.deepEqual([steps, warnings], [[], []]);
      assert.ok(existsSync(join(output, 'marker')));
    });
  }
});
