import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { Rig } from '../rig/rig.ts';

interface Annotated {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly manifests: readonly Annotated[];
}

const all = 'index,index-descriptor,manifest,manifest-descriptor';

test('annotations go to all four levels, and to one platform alone where that is said', async () => {
  await using registry = await startDebianRegistry();
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const name = `${registry.host}/app`;
  const raw = (reference: string) =>
    JSON.parse(
      execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`], { encoding: 'utf8' }),
    ) as Annotated;
  const annotations = [
    `${all}:a=1`,
    'manifest[linux/arm64]:only=arm',
    'manifest-descriptor[linux/amd64]:a=2',
    'plain=x',
  ];
  const args = annotations.flatMap((text) => ['--annotation', text]);
  await rig.ok([
    ...['build', '--platform', 'linux/amd64,linux/arm64', '-t', `${name}:1`, '--push', ...args],
    ...['--metadata-file', 'meta.json', '.'],
  ]);
  const index = raw(`${name}:1`);
  assert.deepEqual(index.annotations, { a: '1' });
  assert.deepEqual(
    index.manifests.map((each) => each.annotations),
    [{ a: '2' }, { a: '1' }],
  );
  const [amd64, arm64] = index.manifests.map(({ digest }) => raw(`${name}@${digest}`).annotations);
  assert.deepEqual(amd64, { a: '1', plain: 'x' });
  assert.deepEqual(arm64, { a: '1', only: 'arm', plain: 'x' });
  const meta = JSON.parse(readFileSync(rig.path('meta.json'), 'utf8')) as Record<string, Annotated>;
  assert.deepEqual(meta['containerimage.descriptor']!.annotations, { a: '1' });
});

test('an index of one image takes annotations of the index once there is one', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: { app: { annotations: { 'index,manifest:a': 'b' }, output: 'type=oci,dest=out,tar=false' } },
    }),
    Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n',
  });
  const refused = await rig.cli(['build', 'app']);
  assert.deepEqual(
    [refused.code, /index annotations not supported for single platform/.test(refused.stderr)],
    [1, true],
  );
  await rig.ok(['build', 'app', '--provenance', 'mode=min']);
  const { manifests } = JSON.parse(readFileSync(rig.path('out/index.json'), 'utf8')) as Annotated;
  const blob = ({ digest }: Annotated) =>
    JSON.parse(readFileSync(rig.path(`out/blobs/${digest.replace(':', '/')}`), 'utf8')) as Annotated;
  const index = blob(manifests[0]!);
  assert.deepEqual(index.annotations, { a: 'b' });
  assert.deepEqual(blob(index.manifests[0]!).annotations, { a: 'b' });
  // What is said of an image is no image of its own.
  assert.equal(blob(index.manifests[1]!).annotations, undefined);
  const wrong = await rig.cli(['build', 'app', '--provenance=true', '--annotation', 'manifest[linux/s390x]:a=b']);
  assert.match(wrong.stderr, /no platform linux\/s390x found in source/);
});
