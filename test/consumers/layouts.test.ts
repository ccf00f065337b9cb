// Images as files, taken by those who know nothing of us: skopeo and umoci.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

const files = {
  Dockerfile: `
FROM busybox
RUN mkdir /made && echo run > /made/by-run && ln -s by-run /made/link && chmod 4755 /made/by-run
RUN rm /etc/group
COPY --chown=33:33 a.txt /copied/
ENV KEY=value
LABEL org.example.what=consumers
WORKDIR /made
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat by-run"]
`,
  'a.txt': 'a',
};

interface Inspected {
  readonly Digest: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
}

/** skopeo unpacks archives in a folder that it is told. */
const skopeo = (rig: Rig, ...args: string[]) => program('skopeo', ['--tmpdir', rig.root, ...args]);

const inspect = async (rig: Rig, name: string) => JSON.parse(await skopeo(rig, 'inspect', name)) as Inspected;

for (const [compression, suffix] of [
  ['gzip', '+gzip'],
  ['zstd', '+zstd'],
  ['uncompressed', ''],
] as const) {
  test(`skopeo copies and umoci unpacks an OCI folder and archive with ${compression} layers`, async () => {
    await using rig = await Rig.open(files);
    const options = `name=app:v1,compression=${compression},force-compression=true`;
    await rig.ok([
      'build',
      ...rig.busybox,
      ...['-o', `type=oci,dest=layout,tar=false,${options}`, '-o', `type=oci,dest=app.tar,${options}`, '.'],
    ]);
    const [layout, archive] = [rig.path('layout'), rig.path('app.tar')];
    const inspected = await inspect(rig, `oci-archive:${archive}:v1`);
    assert.equal(inspected.Digest, (await inspect(rig, `oci:${layout}:v1`)).Digest);
    assert.equal(inspected.Labels['org.example.what'], 'consumers');
    assert.ok(inspected.Env.includes('KEY=value'));
    const raw = await skopeo(rig, 'inspect', '--raw', `oci:${layout}:v1`);
    for (const { mediaType } of (JSON.parse(raw) as { layers: { mediaType: string }[] }).layers) {
      assert.equal(mediaType, `application/vnd.oci.image.layer.v1.tar${suffix}`);
    }
    // A copy reads, checks and writes every byte.
    await skopeo(rig, 'copy', '-q', `oci-archive:${archive}:v1`, `dir:${rig.path('copied')}`);
    await skopeo(rig, 'copy', '-q', `oci:${layout}:v1`, `oci:${rig.path('again')}:v1`);

    // umoci knows gzip and plain tar.
    const unpackable = compression === 'zstd' ? 'gzipped' : 'layout';
    if (compression === 'zstd') {
      const gzipped = `oci:${rig.path(unpackable)}:v1`;
      await skopeo(rig, 'copy', '-q', '--dest-compress-format', 'gzip', `oci:${layout}:v1`, gzipped);
    }
    await program('umoci', ['unpack', '--image', `${rig.path(unpackable)}:v1`, rig.path('bundle')]);
    const at = (path: string) => rig.path('bundle/rootfs', path);
    assert.equal(readFileSync(at('made/by-run'), 'utf8'), 'run\n');
    assert.equal(statSync(at('made/by-run')).mode & 0o7777, 0o4755);
    assert.equal(readlinkSync(at('made/link')), 'by-run');
    assert.equal(existsSync(at('etc/group')), false);
    assert.equal(existsSync(at('etc/passwd')), true);
    assert.equal(statSync(at('copied/a.txt')).uid, 33);
    const { process } = JSON.parse(readFileSync(rig.path('bundle/config.json'), 'utf8')) as {
      readonly process: { readonly args: string[]; readonly cwd: string };
    };
    assert.deepEqual([process.args, process.cwd], [['/bin/sh', '-c', 'cat by-run'], '/made']);
  });
}

test('skopeo takes a docker archive by its tags', async () => {
  await using rig = await Rig.open(files);
  await rig.ok(['build', ...rig.busybox, '-t', 'app:v1', '-t', 'app:v2', '-o', 'type=docker,dest=app.tar', '.']);
  for (const tag of ['v1', 'v2']) {
    const { Labels } = await inspect(rig, `docker-archive:${rig.path('app.tar')}:app:${tag}`);
    assert.equal(Labels['org.example.what'], 'consumers');
  }
  await skopeo(rig, 'copy', '-q', `docker-archive:${rig.path('app.tar')}:app:v1`, `dir:${rig.path('copied')}`);
});

test('an image for several platforms is an index from which skopeo takes each', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM scratch\nARG TARGETPLATFORM\nLABEL platform=$TARGETPLATFORM\nCOPY a.txt /\n',
    'a.txt': 'a',
  });
  const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
  await rig.ok([
    'build',
    ...['--platform', platforms.join(','), '-o', 'type=oci,dest=app.tar,name=app:v1'],
    ...['-o', 'type=oci,dest=layout,tar=false,name=app:v1', '.'],
  ]);
  const raw = JSON.parse(await skopeo(rig, 'inspect', '--raw', `oci-archive:${rig.path('app.tar')}:v1`)) as {
    readonly mediaType: string;
    readonly manifests: readonly {
      readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
    }[];
  };
  assert.equal(raw.mediaType, 'application/vnd.oci.image.index.v1+json');
  const named = raw.manifests.map(({ platform: { os, architecture, variant } }) =>
    [os, architecture, ...(variant === undefined ? [] : [variant])].join('/'),
  );
  assert.deepEqual(named, platforms);
  for (const platform of platforms) {
    const [os, arch, variant] = platform.split('/') as [string, string, string?];
    const chosen = ['--override-os', os, '--override-arch', arch, ...(variant ? ['--override-variant', variant] : [])];
    const config = await skopeo(rig, ...chosen, 'inspect', '--config', `oci:${rig.path('layout')}:v1`);
    assert.equal((JSON.parse(config) as { config: { Labels: { platform: string } } }).config.Labels.platform, platform);
  }
  await skopeo(rig, 'copy', '-q', '--all', `oci-archive:${rig.path('app.tar')}:v1`, `oci:${rig.path('all')}:v1`);
});
