import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openCache, type OpenCache } from '../../packages/engine/src/cache/cache.ts';
import { contentHashes, openContentHash } from '../../packages/engine/src/cache/content-hash.ts';
import type { ImmutableRef } from '../../packages/engine/src/cache/ref.ts';
import type { FileAction } from '../../packages/engine/src/llb/file-action.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { runFileOp } from '../../packages/engine/src/ops/file.ts';
import { openPool, type Pool } from '../../packages/engine/src/pool/pool.ts';
import { LocalSource } from '../../packages/engine/src/source/local.ts';
import { LocalTree } from '../../packages/engine/src/source/local/tree.ts';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { setTimes } from '../../packages/engine/src/sys/utimens.ts';
import { jobOf } from '../rig/local-job.ts';

interface Rig {
  readonly context: string;
  readonly cache: OpenCache;
  readonly pool: Pool;
  readonly layers: string;
  write(files: Readonly<Record<string, string>>): void;
  source(attrs?: Readonly<Record<string, string>>): Promise<ImmutableRef>;
  copy(from: ImmutableRef, onto: ImmutableRef | undefined, action: Partial<FileAction>): Promise<ImmutableRef>;
}

const job = jobOf();

async function withRig(body: (rig: Rig) => Promise<void>): Promise<void> {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using cache = await openCache(join(folder.path, 'cache'), { pool });
  const context = join(folder.path, 'context');
  const local = new LocalSource({ cache, index: cache.index, pool });
  await body({
    context,
    cache,
    pool,
    layers: cache.folder.layers,
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(context, path)), { recursive: true });
        writeFileSync(join(context, path), content);
      }
    },
    async source(attrs = {}) {
      const request = { scheme: 'local', name: 'context', attrs, vertex: digestOf('') };
      const job = jobOf({ context });
      return (await local.pin(request, job)).tree(job);
    },
    async copy(from, onto, action) {
      const copy = {
        kind: 'copy',
        input: onto ? 0 : -1,
        secondaryInput: onto ? 1 : 0,
        output: 0,
        src: '/',
        dest: '/',
        mode: -1,
        modeText: '',
        followSymlink: true,
        dirCopyContents: true,
        unpackArchives: false,
        createDestPath: true,
        allowWildcard: true,
        allowEmptyWildcard: true,
        timestamp: -1n,
        include: [],
        exclude: [],
        alwaysReplaceExistingDestPaths: false,
        requiredPaths: [],
        ...action,
      } as FileAction;
      const inputs = onto ? [onto, from] : [from];
      const [out] = await runFileOp({ actions: [copy] }, inputs, { cache, pool, job, vertex: { name: 'copy' } });
      return out!;
    },
  });
}

test('a copy out of a context makes one layer with what changed, and no snapshot of the context', async () => {
  await withRig(async ({ write, source, copy, cache }) => {
    write({ 'src/a': '1', 'src/b': '2', other: 'x' });
    await using context = await source();
    await using base = await copy(context, undefined, { src: '/src', dest: '/app/lib' });
    await using next = await copy(context, base, { src: '/other', dest: '/app/lib/other' });
    await using mounted = await next.mount(job);
    assert.deepEqual(readdirSync(join(mounted.path, 'app/lib')).sort(), ['a', 'b', 'other']);
    assert.deepEqual(
      ['app', 'app/lib'].map((path) => lstatSync(join(mounted.path, path), { bigint: true }).mtimeNs > 10n ** 18n),
      [false, true],
    );
    assert.equal((await next.chain(job)).length, 2);
    assert.equal(
      (await cache.usage()).some(({ recordType }) => recordType === 'source.local'),
      false,
    );
  });
});

test('the same context gives the same layers, whenever and wherever it is built', async () => {
  const blobs: string[][] = [];
  for (let round = 0; round < 2; round++) {
    await withRig(async ({ write, source, copy, context: folder }) => {
      write({ 'd/s/f': '1', 'd/g': '2', h: '3' });
      for (const path of ['d/s/f', 'd/g', 'h', 'd/s', 'd'])
        setTimes(join(folder, path), { mtime: 1_500_000_000n * 10n ** 9n });
      await using context = await source();
      await using first = await copy(context, undefined, { src: '/d', dest: '/app/' });
      await using second = await copy(context, first, { src: '/h', dest: '/app/s/h' });
      const layers = await second.blobs({ compression: 'uncompressed', ...job });
      blobs.push(layers.map(({ diffId }) => diffId));
    });
  }
  assert.equal(blobs[0]!.length, 2);
  assert.deepEqual(blobs[0], blobs[1]);
});

test('a context is made a snapshot once when something has to mount it', async () => {
  await withRig(async ({ write, source, cache, context: folder }) => {
    write({ a: '1', 'd/b': '2', skipped: 'x' });
    symlinkSync('/etc/passwd', join(folder, 'd/link'));
    const context = await source({ 'local.excludepatterns': '["skipped"]' });
    const other = context.clone();
    {
      await using one = await context.mount(job);
      await using two = await other.mount(job);
      assert.deepEqual(readdirSync(one.path).sort(), ['a', 'd']);
      assert.equal(readFileSync(join(two.path, 'd/b'), 'utf8'), '2');
      assert.equal(lstatSync(join(two.path, 'd/link')).isSymbolicLink(), true);
      assert.equal(lstatSync(join(one.path, 'd/b')).uid, 0);
    }
    const made = (await cache.usage()).filter(({ recordType }) => recordType === 'source.local');
    assert.equal(made.length, 1);
    await context[Symbol.asyncDispose]();
    assert.equal((await other.chain(job)).length, 1);
    await other[Symbol.asyncDispose]();
  });
});

test('the content of a mounted tree counts like BuildKit’s, and is asked for once', async () => {
  await withRig(async ({ write, source, copy, cache, pool }) => {
    write({ 'src/a': '1', 'src/sub/b': '2' });
    await using context = await source();
    const tree = await copy(context, undefined, { src: '/src', dest: '/out' });
    const hash = openContentHash(cache.index, pool);
    const selector = { path: '/src/sub', followLinks: true };
    const inContext = await hash.digest(context, [selector], job);
    assert.equal(await hash.digest(tree, [{ path: '/out/sub', followLinks: true }], job), inContext);
    const unmountable = { ...tree, id: tree.id, mount: () => Promise.reject(new Error('mounted again')) };
    assert.equal(
      await openContentHash(cache.index, pool).digest(
        unmountable as never,
        [{ path: '/out/sub', followLinks: true }],
        job,
      ),
      inContext,
    );
    assert.equal([...contentHashes(cache.index).keys()].length, 1);
    await assert.rejects(
      hash.digest(tree, [{ path: '/nope' }], job),
      (error) => failedOf(error, 'path-missing')?.failure.message === '"/nope": not found',
    );
    await tree[Symbol.asyncDispose]();
    assert.equal((await cache.prune({ all: true }, job)).length, 1);
    assert.deepEqual([...contentHashes(cache.index).keys()], []);
  });
});

test('a large tree is hashed in a thread, with the same result', async () => {
  await withRig(async ({ write, source, copy, cache, pool }) => {
    write(Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`src/d${i % 30}/f${i}`, String(i)])));
    await using context = await source();
    const hash = openContentHash(cache.index, pool);
    await using tree = await copy(context, undefined, { src: '/src', dest: '/out' });
    const each = Array.from({ length: 30 }, (_, i) => `d${i}`);
    const ofContext = await hash.digest(
      context,
      each.map((name) => ({ path: `/src/${name}` })),
      job,
    );
    assert.equal(
      await hash.digest(
        tree,
        each.map((name) => ({ path: `/out/${name}` })),
        job,
      ),
      ofContext,
    );
    await hash.digest(tree, [{ path: '/out' }], job);
    assert.ok(context.tree instanceof LocalTree);
    assert.deepEqual(context.tree.counts, { folders: 32, entries: 1531, files: 1500 });
  });
});

test('a build fails when a file changes between its hash and its copy', async () => {
  await withRig(async ({ write, source, copy, cache, pool, context: folder }) => {
    write({ 'src/a': '1', 'src/b': '2' });
    await using context = await source();
    await openContentHash(cache.index, pool).digest(context, [{ path: '/src' }], job);
    writeFileSync(join(folder, 'src/b'), 'changed');
    await assert.rejects(
      copy(context, undefined, { src: '/src', dest: '/' }),
      (error) => failedOf(error, 'context-changed')?.failure.message.includes('src/b') === true,
    );
    assert.equal((await cache.usage()).length, 0);
  });
});
