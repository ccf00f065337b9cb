import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { Rig } from '../rig/rig.ts';

type Answers = Readonly<Record<string, unknown>>;

const dockerfile = 'FROM scratch AS Base\nARG WORD\nCOPY Dockerfile /\n';

function metadata(rig: Rig): { readonly text: string; readonly answers: Answers } {
  const text = readFileSync(rig.path('meta.json'), 'utf8');
  return { text, answers: JSON.parse(text) as Answers };
}

test('the metadata file of one image is as buildx writes it', async () => {
  await using registry = await startDebianRegistry();
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  const build = async (env: NodeJS.ProcessEnv = {}, ...args: string[]) => {
    const name = `${registry.host}/app:1`;
    const all = ['-t', name, '--push', '--build-arg', 'WORD=x', '--metadata-file', 'meta.json', ...args, '.'];
    await rig.ok(['build', ...all], { env });
    return metadata(rig);
  };
  const { text, answers } = await build();
  assert.deepEqual(Object.keys(answers), [
    'buildx.build.provenance',
    'containerimage.config.digest',
    'containerimage.descriptor',
    'containerimage.digest',
    'image.name',
  ]);
  assert.match(text, /^\{\n {2}"buildx\.build\.provenance": \{\n {4}"builder"[^]*\n\}$/);
  assert.equal(answers['image.name'], `${registry.host}/app:1`);
  const descriptor = answers['containerimage.descriptor'] as { digest: string; platform: { os: string } };
  assert.deepEqual([descriptor.digest, descriptor.platform.os], [answers['containerimage.digest'], 'linux']);
  const min = answers['buildx.build.provenance'] as Record<string, { parameters: { args: unknown } }>;
  assert.deepEqual(Object.keys(min), ['builder', 'buildType', 'invocation']);
  assert.deepEqual(min['invocation']!.parameters.args, { 'build-arg:WORD': 'x' });

  const max = (await build({ BUILDX_METADATA_PROVENANCE: 'max' })).answers['buildx.build.provenance'] as object;
  assert.deepEqual(Object.keys(max), ['builder', 'buildType', 'invocation', 'buildConfig', 'metadata']);
  for (const mode of ['disabled', 'false']) {
    const without = await build({ BUILDX_METADATA_PROVENANCE: mode, BUILDX_METADATA_WARNINGS: '1' });
    assert.ok(!('buildx.build.provenance' in without.answers));
    const [warning] = without.answers['buildx.build.warnings'] as readonly Record<string, unknown>[];
    assert.match(Buffer.from(String(warning!['short']), 'base64').toString(), /^StageNameCasing|Stage name/);
    assert.deepEqual(warning!['range'], [{ start: { line: 1 }, end: { line: 1 } }]);
  }
  // With attestations it is an index, which has no config.
  const index = await build({}, '--provenance', 'mode=min', '--platform', 'linux/amd64,linux/arm64');
  assert.deepEqual(Object.keys(index.answers), [
    'buildx.build.provenance/linux/amd64',
    'buildx.build.provenance/linux/arm64',
    'containerimage.descriptor',
    'containerimage.digest',
    'image.name',
  ]);
});

test('of several images each has its answers under its id', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: { one: { tags: 'one:1' }, two: { tags: 'two:1', target: 'base' } },
    }),
    Dockerfile: dockerfile,
  });
  await rig.ok(['build', 'all', '--metadata-file', 'meta.json'], { env: { BUILDX_METADATA_WARNINGS: 'true' } });
  const { answers } = metadata(rig);
  assert.deepEqual(Object.keys(answers), ['buildx.build.warnings', 'one', 'two']);
  for (const id of ['one', 'two']) {
    const own = answers[id] as Answers;
    assert.equal(own['image.name'], `docker.io/library/${id}:1`);
    assert.ok('buildx.build.provenance' in own && 'containerimage.descriptor' in own);
  }
});
