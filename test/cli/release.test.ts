// Releases to a registry with TLS and tokens: all or nothing, unchanged images carried forward, tags from git.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { FaultRegistry } from '../rig/fault-registry.ts';
import { Rig } from '../rig/rig.ts';

const rules = ['type=semver,pattern={{version}}', 'type=semver,pattern={{major}}.{{minor}}', 'type=ref,event=branch'];

/** A repository with two images, one of them for two platforms, and a config for their release. */
class Shop implements AsyncDisposable {
  readonly registry: FaultRegistry;
  readonly rig: Rig;

  static async open(): Promise<Shop> {
    const shop = new Shop(await FaultRegistry.open(), await Rig.open());
    await shop.rig.write({
      'ca.pem': readFileSync(shop.registry.ca, 'utf8'),
      api: { Dockerfile: 'FROM busybox\nCOPY word /\nRUN cat /word > /said\n', word: 'one' },
      web: { Dockerfile: 'FROM scratch\nCOPY page /\n', page: 'hello' },
    });
    await shop.configure({});
    shop.git('init', '-q', '-b', 'main');
    shop.commit('first');
    return shop;
  }

  private constructor(registry: FaultRegistry, rig: Rig) {
    this.registry = registry;
    this.rig = rig;
  }

  async configure(release: object): Promise<void> {
    const { host } = this.registry;
    const [, layout] = this.rig.busybox[1]!.split('=');
    const contexts = { busybox: layout };
    const config = {
      registries: { [host]: { ca: 'ca.pem' } },
      images: { api: { context: 'api', contexts }, web: { context: 'web', platforms: ['linux/amd64', 'linux/arm64'] } },
      release: {
        repository: `${host}/shop/{id}`,
        artifact: `${host}/shop/release:current`,
        tags: rules,
        ...release,
      },
    };
    await this.rig.write({
      'buildkit.config.ts': `export default ${JSON.stringify(config, null, 2)};\n`,
      '.gitignore': 'release.json\n',
    });
  }

  git(...args: string[]): string {
    const who = ['-c', 'user.name=me', '-c', 'user.email=me@test'];
    return execFileSync('git', ['-C', this.rig.dir, ...who, ...args])
      .toString()
      .trim();
  }

  commit(message: string, tag?: string): void {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    if (tag) this.git('tag', tag);
  }

  release(...args: string[]) {
    const env = { DOCKER_CONFIG: this.registry.dockerConfig };
    return this.rig.cli(['release', '--progress', 'plain', ...args], { env });
  }

  /** Tags of an image with what they mean. */
  tags(id: string): Record<string, string> {
    const prefix = `shop/${id}:`;
    const names = [...this.registry.manifests.keys()].filter((name) => name.startsWith(prefix));
    return Object.fromEntries(names.map((name) => [name.slice(prefix.length), this.registry.digest(name)!]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
  }
}

interface Manifest {
  readonly version: string;
  readonly images: readonly { readonly id: string; readonly digest: string; readonly carriedFrom?: string }[];
}

test('a release pushes all images, sets the tags of its version, and carries forward what has not changed', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v1.0.0');
  const first = await shop.release();
  assert.equal(first.code, 0, first.stderr);
  const api = shop.tags('api');
  assert.deepEqual(Object.keys(api).sort(), ['1.0', '1.0.0', 'latest']);
  assert.equal(new Set(Object.values(api)).size, 1);
  const manifest = JSON.parse(readFileSync(shop.rig.path('release.json'), 'utf8')) as Manifest;
  assert.deepEqual(
    manifest.images.map(({ id, digest }) => [id, digest]),
    [
      ['api', api['1.0.0']],
      ['web', shop.tags('web')['1.0.0']],
    ],
  );
  assert.equal(
    first.stdout,
    manifest.images.map(({ id, digest }) => `${id}\t${shop.registry.host}/shop/${id}:1.0.0@${digest}\n`).join(''),
  );

  // Attested, and labelled by git.
  const index = JSON.parse(Buffer.from(shop.registry.manifests.get('shop/api:1.0.0')!.bytes).toString());
  assert.equal(index.manifests[1].annotations['vnd.docker.reference.type'], 'attestation-manifest');
  const image = JSON.parse(
    Buffer.from(shop.registry.manifests.get(`shop/api@${index.manifests[0].digest}`)!.bytes).toString(),
  );
  const config = JSON.parse(Buffer.from(shop.registry.blobs.get(image.config.digest)!).toString());
  assert.equal(config.config.Labels['org.opencontainers.image.version'], '1.0.0');
  assert.equal(config.config.Labels['org.opencontainers.image.revision'], shop.git('rev-parse', 'HEAD'));

  // Elsewhere, with nothing but the registry to know the last release from.
  await shop.rig.write({ web: { page: 'bye' } });
  shop.commit('new page', 'v1.1.0');
  execFileSync('rm', ['-rf', shop.rig.cacheDir, shop.rig.path('release.json')]);
  const dry = await shop.release('--dry');
  assert.match(
    dry.stdout,
    /api {2}carry forward {2}sha256:\w{12}, unchanged since 1\.0\.0\n {2}web {2}build {10}changed since 1\.0\.0/,
  );
  assert.match(
    dry.stdout,
    /shop\/api:latest {2}sha256:\w{12} already\n.*shop\/web:latest {2}sha256:\w{12} → what is built/,
  );
  assert.deepEqual(shop.tags('web')['1.1.0'], undefined);
  shop.registry.log.length = 0;
  const second = await shop.release();
  assert.equal(second.code, 0, second.stderr);
  assert.equal(shop.tags('api')['1.1.0'], api['1.0.0']);
  assert.notEqual(shop.tags('web')['1.1.0'], shop.tags('web')['1.0.0']);
  assert.equal(shop.registry.asked('POST', '/shop/api/') + shop.registry.asked('HEAD', '/shop/api/blobs'), 0);
  const told = JSON.parse(readFileSync(shop.rig.path('release.json'), 'utf8')) as Manifest;
  assert.deepEqual(
    told.images.map(({ carriedFrom }) => carriedFrom),
    ['1.0.0', undefined],
  );
});

test('what the registry lost is built again, and so is all with --all', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v1.0.0');
  assert.equal((await shop.release()).code, 0);
  const digest = shop.tags('api')['1.0.0'];
  shop.registry.manifests.delete(`shop/api@${digest}`);
  const dry = JSON.parse((await shop.release('--dry=json')).stdout);
  assert.match(dry.images[0].why, /shop\/api does not have the sha256:.* of 1\.0\.0 any more/);
  assert.equal(dry.images[1].kind, 'carry');
  const all = JSON.parse((await shop.release('--dry=json', '--all')).stdout);
  assert.deepEqual(
    all.images.map(({ kind, why }: { kind: string; why: string }) => [kind, why]),
    [
      ['build', '--all'],
      ['build', '--all'],
    ],
  );
});

test('a fingerprint is of what an image is made of: not of other files, folders, times, or what is released', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v1.0.0');
  const prints = async (of: Shop) => {
    const { code, stdout, stderr } = await of.release('--dry=json');
    assert.equal(code, 0, stderr);
    const { images } = JSON.parse(stdout) as { images: { fingerprint: string }[] };
    return images.map(({ fingerprint }) => fingerprint);
  };
  const [api, web] = await prints(shop);
  assert.notEqual(api, web);
  // Elsewhere, later, of another commit, beside other files.
  await using other = await Shop.open();
  await other.rig.write({ api: { 'notes.txt': 'not copied' }, 'more.txt': 'nobody reads this' });
  utimesSync(other.rig.path('api/word'), 1, 1);
  other.commit('later', 'v9.9.9');
  assert.deepEqual(await prints(other), [api, web]);
  // One file that is copied, one instruction, one platform.
  await other.rig.write({ api: { word: 'two' } });
  assert.deepEqual((await prints(other))[1], web);
  assert.notEqual((await prints(other))[0], api);
  await other.rig.write({ api: { word: 'one', Dockerfile: 'FROM busybox\nCOPY word /\nRUN cat /word >  /said\n' } });
  assert.notEqual((await prints(other))[0], api);
});

test('a release of some images leaves the others as they were, and knows them the next time', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v1.0.0');
  assert.equal((await shop.release()).code, 0);
  shop.commit('some', 'v1.1.0');
  const some = await shop.release('api');
  assert.equal(some.code, 0, some.stderr);
  assert.equal(shop.tags('web')['1.1.0'], undefined);
  shop.commit('all', 'v1.2.0');
  const dry = await shop.release('--dry');
  assert.match(dry.stdout, /api {2}carry forward .* since 1\.0\.0\n {2}web {2}carry forward .* since 1\.0\.0\n/);
});

test('a build that fails moves no tag of any image', async () => {
  await using shop = await Shop.open();
  await shop.rig.write({ api: { Dockerfile: 'FROM busybox\nRUN false\n' } });
  shop.commit('broken', 'v2.0.0');
  const { code, stderr } = await shop.release('--continue');
  assert.equal(code, 1);
  assert.match(stderr, /no tag was moved/);
  assert.deepEqual([shop.tags('api'), shop.tags('web')], [{}, {}]);
  assert.equal(existsSync(shop.rig.path('release.json')), false);
});

test('a push that fails moves no tag of any image', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v2.0.0');
  shop.registry.fault({ on: /^PUT .*shop\/web\/manifests/, kind: 'status', status: 403, times: 100 });
  const { code, stderr } = await shop.release('--continue');
  assert.equal(code, 1);
  assert.match(stderr, /no tag was moved/);
  assert.deepEqual([shop.tags('api'), shop.tags('web')], [{}, {}]);
});

test('tags that cannot all be moved are told one by one, and the next run moves the rest', async () => {
  await using shop = await Shop.open();
  shop.commit('release', 'v1.0.0');
  const fault = shop.registry.fault({
    on: /^PUT .*shop\/web\/manifests\/1\.0$/,
    kind: 'status',
    status: 403,
    times: 100,
  });
  const { code, stderr } = await shop.release();
  assert.equal(code, 1);
  assert.match(stderr, /shop\/web:1\.0\.0 {2}sha256/);
  assert.match(stderr, /shop\/web:1\.0 {2}FAILED: registry .* refuses PUT/);
  assert.match(stderr, /shop\/api:latest {2}not moved/);
  assert.match(stderr, /3 tags of \d+ could be set, 1 failed and \d+ were not tried/);
  assert.deepEqual(Object.keys(shop.tags('web')), ['1.0.0']);
  assert.equal(existsSync(shop.rig.path('release.json')), false);
  fault.end();
  const again = await shop.release();
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /shop\/web:1\.0\.0 {2}sha256:\w+ already/);
  assert.deepEqual(Object.keys(shop.tags('web')).sort(), ['1.0', '1.0.0', 'latest']);
});

test('a commit that no rule tags is nothing to release, and mistakes are told before anything is built', async () => {
  await using shop = await Shop.open();
  await shop.configure({ tags: ['type=semver,pattern={{version}}'] });
  shop.commit('plain');
  const nothing = await shop.release();
  assert.equal(nothing.code, 0);
  assert.match(nothing.stderr, /nothing to release: no rule of release\.tags/);
  for (const [release, why] of [
    [{ tags: ['type=semver'] }, /release\.tags: "type=semver": type=semver needs pattern/],
    [{ repository: 'x/Bad/{id}' }, /release\.repository of api: .*lowercase/],
    [{ repository: 'one.test/same' }, /api and web would both be released as one\.test\/same/],
  ] as const) {
    await shop.configure(release);
    const { code, stderr } = await shop.release();
    assert.equal(code, 2);
    assert.match(stderr, why);
  }
});
