// Caches inside of images: what one machine pushed saves another one the work.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { Place, runBuild } from '../rig/machines.ts';

const inline = ['--cache-to', 'type=inline'];

/** Builds on a machine and pushes. */
function push(place: Place, machine: string, ref: string, flags: readonly string[]) {
  const output = ['--output', `type=image,name=${ref},push=true`];
  return runBuild(join(place.root, machine), [...flags, ...output, join(place.root, 'project')]);
}

interface Document {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config: { readonly digest: string };
}

/** The config of what a tag names; of an index, one for each image. */
async function configsOf(ref: string): Promise<readonly Record<string, unknown>[]> {
  const [, host, path, tag] = /^(.*?)\/(.*):(.*)$/.exec(ref)!;
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
  const read = async <T>(what: string): Promise<T> =>
    (await fetch(`http://${host}/v2/${path}/${what}`, { headers: { accept } })).json() as Promise<T>;
  const root = await read<Document>(`manifests/${tag}`);
  const images = root.manifests
    ? await Promise.all(root.manifests.map(({ digest }) => read<Document>(`manifests/${digest}`)))
    : [root];
  return Promise.all(images.map(({ config }) => read<Record<string, unknown>>(`blobs/${config.digest}`)));
}

test('an image carries what led to it, and another machine runs no step of it', async () => {
  using place = new Place();
  await using registry = await startDebianRegistry();
  const ref = `${registry.host}/team/app:1`;
  const context = ['--build-context', `busybox=oci-layout://${busyboxLayout()}`];
  const first = await push(place, 'one', ref, [...context, ...inline]);
  assert.equal(first.steps.length, 2);
  const [config] = await configsOf(ref);
  const records = JSON.parse(Buffer.from(String(config!['moby.buildkit.cache.v0']), 'base64').toString());
  // Of the other stage there is no layer in the image: that is known to be one, and no more.
  assert.ok(records.length > 4);
  const results = records.flatMap(({ layers = [] }: { layers?: { layer: number }[] }) => layers);
  assert.deepEqual(results.map(({ layer }: { layer: number }) => layer).sort(), [1, 2]);

  const from = ['--cache-from', `type=registry,ref=${ref}`];
  const second = await push(place, 'two', ref, [...context, ...from, ...inline]);
  assert.deepEqual([second.steps, second.warnings], [[], []]);
  assert.equal(second.response.digest, first.response.digest);

  // What is not in the image runs, and only that.
  place.write({ Dockerfile: `FROM busybox\nCOPY --from=app /end /\n`, input: 'text' });
  const other = await push(place, 'three', `${registry.host}/team/app:2`, [
    ...context,
    '--build-context',
    `app=docker-image://${ref}`,
    ...from,
  ]);
  assert.deepEqual(other.warnings, []);
  const [plain] = await configsOf(`${registry.host}/team/app:2`);
  assert.ok(!('moby.buildkit.cache.v0' in plain!));
});

test('the older build argument asks for the same', async () => {
  using place = new Place({ Dockerfile: 'FROM scratch\nCOPY input /', input: 'text' });
  await using registry = await startDebianRegistry();
  const ref = `${registry.host}/app:1`;
  const first = await push(place, 'one', ref, ['--build-arg', 'BUILDKIT_INLINE_CACHE=1']);
  assert.equal(first.ran.filter((name) => name.includes('COPY')).length, 1);
  const [config] = await configsOf(ref);
  assert.ok('moby.buildkit.cache.v0' in config!);
  const { ran } = await push(place, 'two', `${ref}-again`, ['--cache-from', ref]);
  assert.deepEqual(
    ran.filter((name) => name.includes('COPY')),
    [],
  );
});

test('each image of an index has its own', async () => {
  using place = new Place({ Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /', amd64: '1', arm64: '2' });
  await using registry = await startDebianRegistry();
  const ref = `${registry.host}/app:1`;
  const platforms = ['--platform', 'linux/amd64,linux/arm64'];
  const first = await push(place, 'one', ref, [...platforms, ...inline]);
  assert.equal(new Set((await configsOf(ref)).map((each) => each['moby.buildkit.cache.v0'])).size, 2);
  const second = await push(place, 'two', ref, [...platforms, ...inline, '--cache-from', ref]);
  assert.deepEqual(
    second.ran.filter((name) => name.includes('COPY')),
    [],
  );
  assert.equal(second.response.digest, first.response.digest);
});

test('an image without a cache is told to be none, and the build goes on', async () => {
  using place = new Place({ Dockerfile: 'FROM scratch\nCOPY input /', input: 'text' });
  await using registry = await startDebianRegistry();
  const ref = `${registry.host}/app:1`;
  await push(place, 'one', ref, []);
  const { warnings, response } = await push(place, 'two', ref, ['--cache-from', ref]);
  assert.match(warnings.join(), /this cache is left out: .* holds no cache, and is no image with one inside/);
  assert.ok(response.digest);
});
