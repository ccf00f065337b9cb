import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Discover } from './config.ts';
import { discover } from './discover.ts';

class Tree implements Disposable {
  readonly outer = mkdtempSync(join(tmpdir(), 'discover-'));
  readonly root = join(this.outer, 'shop');
  readonly state = join(this.outer, 'state');

  constructor(...paths: string[]) {
    this.write(...paths);
  }

  write(...paths: string[]): void {
    for (const path of paths) {
      const [name = '', text = ''] = path.split('=');
      mkdirSync(dirname(join(this.root, name)), { recursive: true });
      writeFileSync(join(this.root, name), text);
    }
  }

  /** As `id: dockerfile in context`. */
  async found(options: Discover = {}, now?: number): Promise<string[]> {
    const { found: all } = await discover(this.root, options, { state: this.state, ...(now !== undefined && { now }) });
    return all.map(({ id, dockerfile, context }) => `${id}: ${dockerfile} in ${context}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.outer, { recursive: true });
  }
}

test('every Dockerfile is an image, named for its folder or its own name', async () => {
  using tree = new Tree(
    'Dockerfile',
    'Dockerfile.dev',
    'services/api/Dockerfile',
    'services/api/Dockerfile.test',
    'docker/web.Dockerfile',
    'tool/Containerfile',
  );
  assert.deepEqual(await tree.found(), [
    'shop: Dockerfile in .',
    'dev: Dockerfile.dev in .',
    'web: docker/web.Dockerfile in docker',
    'api: services/api/Dockerfile in services/api',
    'api-test: services/api/Dockerfile.test in services/api',
    'tool: tool/Containerfile in tool',
  ]);
});

test('packages, repositories, hidden folders, ignored files and files about Dockerfiles are passed over', async () => {
  using tree = new Tree(
    'a/Dockerfile',
    'a/Dockerfile.dockerignore',
    'a/Dockerfile.j2',
    'node_modules/x/Dockerfile',
    'a/node_modules/y/Dockerfile',
    '.git/Dockerfile',
    '.hidden/Dockerfile',
    'dist/Dockerfile',
    'b/out/Dockerfile',
    'b/out/deep/Dockerfile',
    'b/.gitignore=out/',
    '.gitignore=dist\n*.gen',
    'c.gen/Dockerfile',
  );
  symlinkSync('../a', join(tree.root, 'b/loop'));
  assert.deepEqual(await tree.found(), ['a: a/Dockerfile in a']);
});

test('the rules of a repository around the root hold too', async () => {
  using tree = new Tree('a/Dockerfile', 'b/Dockerfile', '../.gitignore=/shop/a', '../.git/HEAD');
  assert.deepEqual(await tree.found(), ['b: b/Dockerfile in b']);
});

test('patterns, the context and the form of ids can be chosen', async () => {
  using tree = new Tree('x/api/Dockerfile', 'y/api/Dockerfile', 'y/test/Dockerfile', 'z/Build.docker');
  const options = {
    include: ['**/Dockerfile', '**/*.docker'],
    exclude: ['**/test/**'],
    context: 'root',
    name: '{parent}-{dir}',
  } as const;
  assert.deepEqual(await tree.found(options), [
    'x-api: x/api/Dockerfile in .',
    'y-api: y/api/Dockerfile in .',
    'z: z/Build.docker in .',
  ]);
});

test('a walk is remembered until a folder or a .gitignore changes', async () => {
  using tree = new Tree('a/Dockerfile', 'b/c/x', '.gitignore=q');
  const later = Date.now() + 60_000;
  const { readdirSync } = await import('node:fs');
  const kept = () => readdirSync(join(tree.state, 'walks')).length;
  await tree.found({}, later);
  assert.equal(kept(), 1);
  assert.deepEqual(await tree.found({}, later), ['a: a/Dockerfile in a']);
  tree.write('b/c/Dockerfile');
  assert.deepEqual(await tree.found({}, later), ['a: a/Dockerfile in a', 'c: b/c/Dockerfile in b/c']);
  tree.write('.gitignore=a');
  assert.deepEqual(await tree.found({}, later), ['c: b/c/Dockerfile in b/c']);
  tree.write('b/.gitignore=c');
  assert.deepEqual(await tree.found({}, later), []);
});

test('a walk right after a change is not remembered, as the next change could go unseen', async () => {
  using tree = new Tree('a/Dockerfile');
  const { existsSync, statSync } = await import('node:fs');
  const now = statSync(join(tree.root, 'a')).ctimeMs + 1;
  await tree.found({}, now);
  assert.equal(existsSync(join(tree.state, 'walks')), false);
  const { seen, known } = await discover(tree.root, {}, { now });
  assert.equal(seen, undefined);
  assert.ok(known.includes(join(tree.root, 'a')), known.join());
  const later = await discover(tree.root, {}, { now: Date.now() + 60_000 });
  assert.deepEqual([later.seen, later.known], [known, known]);
});
