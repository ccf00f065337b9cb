import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openContentHash, type Selector } from '../../packages/engine/src/cache/content-hash.ts';
import type { ImmutableRef } from '../../packages/engine/src/cache/ref.ts';
import { openIndex } from '../../packages/engine/src/index/index.ts';
import { opKey } from '../../packages/engine/src/llb/cache-key.ts';
import { unmarshalDefinition } from '../../packages/engine/src/llb/definition.ts';
import { loadDefinition, type LoadedDefinition } from '../../packages/engine/src/llb/load.ts';
import type { Vertex } from '../../packages/engine/src/llb/op.ts';
import { recorded, recordedKeys } from '../../packages/engine/src/llb/recorded.fixture.ts';
import { digestOf, type Digest } from '../../packages/engine/src/oci/digest.ts';
import { runFileOp } from '../../packages/engine/src/ops/file.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { LocalSource } from '../../packages/engine/src/source/local.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { busyboxLayout } from '../rig/bases.ts';
import { prepareContext } from '../rig/case-context.ts';
import { casesDir } from '../rig/case.ts';
import { openFolderCache } from '../rig/folder-cache.ts';
import { goldenEntries, type GoldenEntries } from '../rig/golden.ts';
import { jobOf } from '../rig/local-job.ts';

test('file ops give the files that BuildKit gives, wherever a case needs nothing but them', async () => {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const cache = openFolderCache(join(folder.path, 'trees'));
  const base = unpackBase(join(folder.path, 'base'));
  const source = new LocalSource({ cache: cache as never, index, pool });
  const contentHash = openContentHash(index, pool);
  const keys = recordedKeys();
  let found = 0;
  let compared = 0;
  for (const [name, { definition }] of recorded('dockerfiles')) {
    const loaded = loadDefinition(unmarshalDefinition(Buffer.from(definition, 'base64')));
    if (!loaded || ![...loaded.vertices.values()].every(isPlain)) continue;
    const { keepMtime = false, outputOptions } = JSON.parse(
      readFileSync(join(casesDir, name, 'case.json'), 'utf8'),
    ) as Case;
    if (outputOptions?.includes('rewrite-timestamp')) continue; // which is the exporter's
    const { context, ignored } = prepareContext(name, folder.path);
    const job = jobOf({ context });
    const results = new Map<Digest, readonly ImmutableRef[]>();
    for (const [digest, vertex] of loaded.vertices) {
      results.set(digest, await run(vertex));
    }
    const [golden] = (JSON.parse(readFileSync(join(casesDir, name, 'golden.json'), 'utf8')) as Golden).images;
    const got = goldenEntries(cache.folderOf(resultOf(loaded, results)), { mtimes: keepMtime });
    assert.deepEqual(withoutBase(got, golden!.rootfs), golden!.rootfs, name);
    compared++;

    /** What an earlier stage gave is keyed by content as BuildKit keys it. */
    async function checkContent(ref: ImmutableRef, content: readonly Selector[] | undefined): Promise<void> {
      const records = keys.get(name);
      if (!content || !records || ref.tree) return;
      const record = digestOf(`${await contentHash.digest(ref, content, job)}@-1`);
      assert.ok(
        records.some(({ digest }) => digest === record),
        `${name}: ${JSON.stringify(content)}`,
      );
      found++;
    }

    async function run({ op, name, digest }: Vertex): Promise<readonly ImmutableRef[]> {
      const inputs = op.inputs.map((input) => results.get(input.digest)![input.index]!);
      if (op.kind === 'file') {
        for (const [i, { content }] of opKey(op).deps.entries()) await checkContent(inputs[i]!, content);
        return runFileOp(op, inputs, { cache: cache as never, pool, job, vertex: { name } });
      }
      if (op.kind !== 'source') throw new Error(op.kind);
      if (op.identifier !== 'local://context') return [cache.ref(base)];
      const attrs = { ...Object.fromEntries(op.attrs), 'local.excludepatterns': JSON.stringify(ignored) };
      const pinned = await source.pin({ scheme: 'local', name: 'context', attrs, vertex: digest }, job);
      return [await pinned.tree(job)];
    }
  }
  assert.equal(compared, 60);
  assert.equal(found, 9);

  function withoutBase(got: GoldenEntries, golden: GoldenEntries): GoldenEntries {
    const below = goldenEntries(base);
    return Object.fromEntries(
      Object.entries(got).filter(
        ([path, entry]) => golden[path] || JSON.stringify(entry) !== JSON.stringify(below[path]),
      ),
    );
  }
});

interface Golden {
  readonly images: readonly { readonly rootfs: GoldenEntries }[];
}

interface Case {
  readonly keepMtime?: boolean;
  readonly outputOptions?: string;
}

/** Downloads and repositories are not there. */
function isPlain({ op }: Vertex): boolean {
  return op.kind === 'file' || (op.kind === 'source' && /^(local|docker-image):/.test(op.identifier));
}

function resultOf({ head }: LoadedDefinition, results: ReadonlyMap<Digest, readonly ImmutableRef[]>): ImmutableRef {
  return results.get(head.digest)![head.index]!;
}

function unpackBase(to: string): string {
  mkdirSync(to);
  const blobs = join(busyboxLayout(), 'blobs', 'sha256');
  const layer = readdirSync(blobs).find((name) => readFileSync(join(blobs, name))[0] !== 0x7b)!;
  const { status, stderr } = spawnSync('tar', ['-xf', join(blobs, layer), '-C', to], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return to;
}
