// Caches that leave a machine and come to another one: two engines that share nothing but a folder.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonical, type ConfigRecord } from '../rig/cache-records.ts';
import { prepareCase } from '../rig/case.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { Place, runBuild, twoStages, type Config } from '../rig/machines.ts';

test('a machine with an empty cache runs no step that an imported cache has the result of', async () => {
  using place = new Place();
  const first = await place.build('one', place.to());
  assert.ok(first.ran.length > 0);
  const second = await place.build('two', place.from);
  assert.deepEqual(
    second.ran.filter((name) => !name.includes('internal')),
    [],
  );
  assert.equal(second.response.digest, first.response.digest);
  assert.deepEqual(second.warnings, []);
});

test('what was imported stays: the next build needs no import', async () => {
  using place = new Place();
  const first = await place.build('one', place.to());
  await place.build('two', place.from);
  rmSync(place.exported, { recursive: true });
  const again = await place.build('two', []);
  assert.deepEqual(
    [again.ran.filter((name) => name.includes('RUN')), again.response.digest],
    [[], first.response.digest],
  );
});

test('what changed runs, on top of what an imported cache has', async () => {
  using place = new Place();
  await place.build('one', place.to());
  place.write({ Dockerfile: twoStages.Dockerfile.replace('/end', '/other') });
  const { ran } = await place.build('two', place.from);
  assert.deepEqual(
    ran.filter((name) => name.includes('RUN')),
    ['[stage-1 2/3] RUN cat /made /when > /other'],
  );
});

test('an unchanged cache is exported byte for byte the same, also by a machine that imported it', async () => {
  using place = new Place();
  const first = await place.build('one', place.to());
  const { 'cache.manifest': manifest } = first.response.exported;
  assert.match(manifest!, /^\{"mediaType":"application\/vnd.oci.image.manifest.v1\+json","digest":"sha256:/);
  const again = await place.build('one', place.to());
  assert.equal(again.response.exported['cache.manifest'], manifest);
  const elsewhere = await place.build('two', [...place.from, ...place.to()]);
  assert.deepEqual(
    elsewhere.ran.filter((name) => name.includes('RUN')),
    [],
  );
  assert.equal(elsewhere.response.exported['cache.manifest'], manifest);
});

test('in mode min only what leads to the image has results, and neither import nor export runs a step for it', async () => {
  using place = new Place();
  await place.build('one', place.to());
  const max = place.config;
  rmSync(place.exported, { recursive: true });
  const min = ['--cache-to', `type=local,dest=${place.exported}`];
  await place.build('three', min);
  const { records } = place.config;
  assert.deepEqual(canonical(records), canonical(max.records));
  const withResults = (config: Config) => config.records.filter(({ layers }) => layers).length;
  assert.deepEqual([withResults(max), withResults(place.config)], [4, 2]);
  const { ran } = await place.build('two', [...place.from, ...min]);
  assert.deepEqual(
    ran.filter((name) => name.includes('RUN')),
    [],
  );
  assert.deepEqual(place.config.records, records);
});

test('a corrupt or missing blob is refused and told, and its step runs', async () => {
  for (const damage of ['corrupt', 'missing']) {
    using place = new Place();
    await place.build('one', place.to());
    for (const blob of new Set(place.config.layers.map((layer) => layer.blob))) {
      const path = place.blob(blob);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1]! ^= 1;
      if (damage === 'corrupt') writeFileSync(path, bytes);
      else rmSync(path);
    }
    const { ran, warnings, response } = await place.build('two', place.from);
    assert.equal(ran.filter((name) => name.includes('RUN')).length, 2);
    assert.match(warnings.join('\n'), damage === 'corrupt' ? /content is not what was promised/ : /is not here/);
    assert.ok(response.digest);
    // Exported to the same folder, the cache is whole again.
    await place.build('three', [...place.from, ...place.to()]);
    const healed = await place.build('four', place.from);
    assert.deepEqual([healed.ran.filter((name) => name.includes('RUN')), healed.warnings], [[], []]);
  }
});

test('a cache that is gone or none is told, and never fails a build', async () => {
  using place = new Place({ Dockerfile: 'FROM busybox\nRUN echo > /x' });
  const gone = await place.build('one', place.from);
  assert.match(gone.warnings.join(), /this cache is left out: there is no \/.*exported/);
  await place.build('one', place.to());
  const several = await place.build('three', ['--cache-from', 'type=local,src=/nowhere', ...place.from]);
  assert.deepEqual(
    several.ran.filter((name) => name.includes('RUN')),
    [],
  );
  const tagged = await place.build('two', ['--cache-from', `type=local,src=${place.exported},tag=other`]);
  assert.match(tagged.warnings.join(), /holds no cache with the tag other/);
  writeFileSync(place.blob(place.manifest.config.digest), '{"records":[{"digest":"x"}]}');
  const malformed = await place.build('four', place.from);
  assert.match(malformed.warnings.join(), /this cache is left out/);
});

test('a cache as an index of blobs, with Docker media types, is read as well', async () => {
  using place = new Place();
  await place.build('one', place.to(',oci-mediatypes=false,compression=gzip,force-compression=true'));
  const { mediaType, manifests } = place.manifest as { mediaType: string; manifests: { mediaType: string }[] };
  assert.equal(mediaType, 'application/vnd.docker.distribution.manifest.list.v2+json');
  assert.deepEqual([...new Set(manifests.map((each) => each.mediaType))].sort(), [
    'application/vnd.buildkit.cacheconfig.v0',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
  ]);
  const { ran } = await place.build('two', place.from);
  assert.deepEqual(
    ran.filter((name) => name.includes('RUN')),
    [],
  );
});

test('a cache in a registry is as good as one in a folder', async () => {
  using place = new Place();
  await using registry = await startDebianRegistry();
  const ref = `type=registry,ref=${registry.host}/team/cache:main`;
  const first = await place.build('one', ['--cache-to', `${ref},mode=max`]);
  const second = await place.build('two', ['--cache-from', ref, '--cache-to', `${ref},mode=max`]);
  assert.deepEqual(
    second.ran.filter((name) => name.includes('RUN')),
    [],
  );
  assert.equal(second.response.digest, first.response.digest);
  assert.equal(second.response.exported['cache.manifest'], first.response.exported['cache.manifest']);
  const min = await place.build('three', ['--cache-to', `${ref}-min`]);
  assert.notEqual(min.response.exported['cache.manifest'], first.response.exported['cache.manifest']);
});

test('a registry that is not there costs a warning, and no step that is known here', async () => {
  using place = new Place({ Dockerfile: 'FROM busybox\nRUN echo > /x' });
  const from = ['--cache-from', 'type=registry,ref=127.0.0.1:1/cache'];
  const { warnings, ran } = await place.build('one', from);
  assert.match(warnings.join(), /this cache is left out: .*127\.0\.0\.1:1/);
  assert.ok(ran.some((name) => name.includes('RUN')));
  const again = await place.build('one', from);
  assert.deepEqual(
    again.ran.filter((name) => name.includes('RUN')),
    [],
  );
});

test('a reset leaves in the folder what its tags lead to, and nothing else', async () => {
  using place = new Place();
  await place.build('one', place.to());
  const before = readdirSync(join(place.exported, 'blobs/sha256'));
  place.write({ input: 'other' });
  await place.build('one', place.to(',tag=new'));
  const [oldest] = before;
  assert.ok(existsSync(place.blob(`sha256:${oldest}`)));
  await place.build('one', place.to(',reset=true'));
  await place.build('one', place.to(',tag=new,reset=true'));
  const { layers, records } = place.config;
  assert.ok(records.length > 0);
  const after = readdirSync(join(place.exported, 'blobs/sha256'));
  assert.equal(after.length, new Set(layers.map(({ blob }) => blob)).size + 2);
});

test('a cache that cannot be written is told, and fails a build that says so', async () => {
  using place = new Place({ Dockerfile: 'FROM busybox\nRUN echo > /x' });
  writeFileSync(place.exported, 'a file is in the way');
  const { warnings, response } = await place.build('one', place.to());
  assert.match(warnings.join(), /the cache is not exported/);
  assert.ok(response.digest);
  await assert.rejects(place.build('one', place.to(',ignore-error=false')), /EEXIST|ENOTDIR/);
});

test('caches of other types and options that there are not are refused before anything is built', async () => {
  using place = new Place({ Dockerfile: 'FROM busybox\nRUN echo > /x' });
  const refused = async (entry: string, message: RegExp) => {
    await assert.rejects(place.build('one', ['--cache-to', entry]), message);
    assert.deepEqual(readdirSync(place.root).sort(), ['one', 'project']);
  };
  await refused('type=inline,mode=max', /has mode=min only/);
  await refused('type=azblob', /there is no cache of type "azblob"/);
  await refused('type=registry,ref=team/CACHE', /invalid reference/);
  await refused('type=local', /needs dest=FOLDER/);
  await refused(`type=local,dest=${place.exported},mod=max`, /has no option "mod"; did you mean mode\?/);
  await refused(`type=local,dest=${place.exported},mode=all`, /mode=all is none of min, max/);
  await refused(`type=local,dest=${place.exported},oci-mediatypes=false,image-manifest=true`, /does not go with/);
});

test('the records that are exported are those that BuildKit exports', async (t) => {
  const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../llb/cache-records.json'), 'utf8')) as Record<
    string,
    ConfigRecord[]
  >;
  for (const name of [
    'stage-diamond',
    'stage-long-chain',
    'copy-link-basic',
    'mount-bind-context',
    'onbuild-trigger',
  ]) {
    await t.test(name, async () => {
      using place = new Place();
      using prepared = prepareCase(name);
      const argv = [...place.to(), ...prepared.args];
      await runBuild(join(place.root, 'one'), argv, { env: prepared.env });
      assert.deepEqual(canonical(place.config.records), canonical(recorded[name]!));
    });
  }
});
