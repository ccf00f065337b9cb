import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobOf } from '../../../../test/rig/local-job.ts';
import { openContentHash } from '../cache/content-hash.ts';
import { openIndex } from '../index/index.ts';
import { digestOf } from '../oci/digest.ts';
import { openPool } from '../pool/pool.ts';
import { failedOf } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { LocalSource } from './local.ts';
import { LocalTree } from './local/tree.ts';

type Attrs = Readonly<Record<string, string>>;

async function withSource(
  body: (rig: {
    pin(attrs?: Attrs, name?: string): ReturnType<LocalSource['pin']>;
    missing(path: string, attrs?: Attrs): Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const context = join(folder.path, 'context');
  mkdirSync(join(context, 'src'), { recursive: true });
  writeFileSync(join(context, 'src/main.ts'), '');
  writeFileSync(join(context, 'secret.txt'), '');
  const source = new LocalSource({ cache: undefined as never, index, pool });
  const job = jobOf({ context });
  const pin = (attrs: Attrs = {}, name = 'context') =>
    source.pin({ scheme: 'local', name, attrs, vertex: digestOf('') }, job);
  await body({
    pin,
    async missing(path, attrs = {}) {
      await using ref = await (await pin(attrs)).tree(job);
      const hash = openContentHash(index, pool).digest(ref, [{ path }], job);
      const message = await hash.then(String, (error: unknown) => failedOf(error, 'path-missing')!.failure.message);
      return message.replaceAll(context, '…');
    },
  });
}

test('a folder is keyed for its session alone, as BuildKit keys it', async () => {
  await withSource(async ({ pin }) => {
    const { keys, pin: pinned } = await pin({ 'local.excludepatterns': '["<a>"]', 'local.followpaths': '["b"]' });
    const digest = digestOf(
      '{"SessionID":"test","IncludePatterns":null,"ExcludePatterns":["\\u003ca\\u003e"],"FollowPaths":["b"]}',
    );
    assert.deepEqual(keys, [{ key: `session:context:${digest}`, session: true }]);
    assert.equal(pinned, digest);
  });
});

test('attributes that make no sense, and folders that nobody lends, are refused', async () => {
  await withSource(async ({ pin }) => {
    const senseless: Attrs[] = [
      { 'local.followpaths': '[1]' },
      { 'local.includepattern': '{' },
      { 'local.metadatatransfer': 'true' },
    ];
    for (const attrs of senseless) {
      await assert.rejects(pin(attrs), (error) => failedOf(error, 'local-attribute') !== undefined);
    }
    await assert.rejects(
      pin({}, 'other'),
      (error) => failedOf(error, 'folder-not-lent')?.failure.message.includes('"other"') === true,
    );
  });
});

test('a path that is missing is explained', async () => {
  await withSource(async ({ missing }) => {
    assert.equal(await missing('/nothing-like-it'), '"/nothing-like-it": not found in …');
    assert.equal(await missing('/src/Main.ts'), '"/src/Main.ts": not found in …; did you mean "/src/main.ts"?');
    assert.equal(await missing('/src/main.ts/x'), '"/src/main.ts/x": not found in …');
    const ignored = { 'local.excludepatterns': '["secret.*"]' };
    assert.equal(
      await missing('/secret.txt', ignored),
      '"/secret.txt": not found: …/secret.txt is there, but the ignore patterns of this context leave it out',
    );
  });
});

test('trees of one folder read it once between them while one is held, whatever their patterns', async () => {
  await using folder = makeTempFolder();
  await using pool = openPool();
  await using index = openIndex(join(folder.path, 'index.mdb'));
  const context = { root: join(folder.path, 'context') };
  mkdirSync(join(context.root, 'src'), { recursive: true });
  for (const name of ['src/a', 'src/b', 'c']) writeFileSync(join(context.root, name), name);
  // Its clock is not asked: what was written before this build began is old.
  const source = new LocalSource({ cache: undefined as never, index, pool, now: () => Date.now() + 10_000 });
  const hash = openContentHash(index, pool);
  const job = jobOf({ context });
  const read = async (exclude: readonly string[]) => {
    const attrs = { 'local.excludepatterns': JSON.stringify(exclude) };
    const ref = await (
      await source.pin({ scheme: 'local', name: 'context', attrs, vertex: digestOf('') }, job)
    ).tree(job);
    const digest = await hash.digest(ref, [{ path: '/' }], job);
    assert.ok(ref.tree instanceof LocalTree);
    return { ref, digest, counts: ref.tree.counts };
  };
  const [first, second] = await Promise.all([read(['b']), read(['**/b'])]);
  assert.deepEqual(first.counts, { folders: 2, entries: 4, files: 3 });
  assert.deepEqual(second.counts, { folders: 0, entries: 0, files: 0 });
  assert.notEqual(first.digest, second.digest);
  await first.ref[Symbol.asyncDispose]();
  writeFileSync(join(context.root, 'new'), '');
  const third = await read(['b']);
  assert.equal(third.digest, first.digest);
  await Promise.all([second, third].map(({ ref }) => ref[Symbol.asyncDispose]()));
  // A later build looks again, and reads what is new.
  const fourth = await read(['b']);
  assert.notEqual(fourth.digest, first.digest);
  assert.deepEqual(fourth.counts, { folders: 2, entries: 5, files: 0 });
  await fourth.ref[Symbol.asyncDispose]();
});
