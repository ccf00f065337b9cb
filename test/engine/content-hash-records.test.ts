import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openContentHash } from '../../packages/engine/src/cache/content-hash.ts';
import { openIndex } from '../../packages/engine/src/index/index.ts';
import { opKey } from '../../packages/engine/src/llb/cache-key.ts';
import { unmarshalDefinition } from '../../packages/engine/src/llb/definition.ts';
import { loadDefinition } from '../../packages/engine/src/llb/load.ts';
import { recorded, recordedKeys } from '../../packages/engine/src/llb/recorded.fixture.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import { LocalSource } from '../../packages/engine/src/source/local.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { prepareContext } from '../rig/case-context.ts';
import { openFolderCache } from '../rig/folder-cache.ts';
import { jobOf } from '../rig/local-job.ts';

/** Their contexts count without what their ignore files leave out; the recorded definitions know nothing of that. */
test('BuildKit’s caches have a record under the content of all that is copied out of a context', async () => {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const contentHash = openContentHash(index, pool);
  const source = new LocalSource({ cache: openFolderCache(folder.path) as never, index, pool });
  const definitions = recorded('dockerfiles');
  let found = 0;
  for (const [name, records] of recordedKeys()) {
    const loaded = loadDefinition(unmarshalDefinition(Buffer.from(definitions.get(name)!.definition, 'base64')));
    const copies = [...(loaded?.vertices.values() ?? [])].flatMap(({ op }) => (op.kind === 'file' ? [op] : []));
    if (copies.length === 0) continue;
    const { context, ignored } = prepareContext(name, folder.path);
    for (const op of copies) {
      for (const [i, { content }] of opKey(op).deps.entries()) {
        const input = loaded!.vertices.get(op.inputs[i]!.digest)!.op;
        if (!content || input.kind !== 'source' || input.identifier !== 'local://context') continue;
        const attrs = { ...Object.fromEntries(input.attrs), 'local.excludepatterns': JSON.stringify(ignored) };
        const job = jobOf({ context });
        const pinned = await source.pin({ scheme: 'local', name: 'context', attrs, vertex: digestOf('') }, job);
        await using ref = await pinned.tree(job);
        const record = digestOf(`${await contentHash.digest(ref, content, job)}@-1`);
        assert.ok(
          records.some(({ digest }) => digest === record),
          `${name}: ${JSON.stringify(content)}`,
        );
        found++;
      }
    }
  }
  assert.equal(found, 133);
});
