// Images through a registry that others made: pushed by us and read by skopeo, and the other way round.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

test("what is pushed to Debian's docker-registry, skopeo reads, and another cache pulls by tag and by digest", async () => {
  await using registry = await startDebianRegistry();
  const name = `${registry.host}/team/base`;
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo pushed > /pushed\nENV FROM_BASE=yes\n' });
  const pushed = await rig.ok(['build', '-q', ...rig.busybox, '-o', `type=image,name=${name}:v1,push=true`, '.']);
  const digest = pushed.stdout.trim().split('@')[1]!;
  const skopeo = (...args: string[]) => program('skopeo', ['--tmpdir', rig.root, ...args]);
  const inspected = await skopeo('inspect', '--tls-verify=false', `docker://${name}:v1`);
  assert.equal((JSON.parse(inspected) as { Digest: string }).Digest, digest);
  await skopeo('copy', '-q', '--src-tls-verify=false', `docker://${name}:v1`, `dir:${rig.path('copied')}`);

  for (const reference of [`${name}:v1`, `${name}@${digest}`, `${name.replace('127.0.0.1', 'localhost')}:v1`]) {
    await using other = await Rig.open({
      Dockerfile: `FROM ${reference}\nRUN cat /pushed > /pulled && echo $FROM_BASE >> /pulled\n`,
    });
    await other.ok(['build', '-o', 'type=local,dest=out', '.']);
    assert.equal(readFileSync(other.path('out/pulled'), 'utf8'), 'pushed\nyes\n', reference);
  }
});

test('what skopeo pushed is pulled, and a tag that moves is followed', async () => {
  await using registry = await startDebianRegistry();
  const name = `${registry.host}/moving:latest`;
  await using rig = await Rig.open({ base: { Dockerfile: 'FROM busybox\nARG WORD\nRUN echo $WORD > /word\n' } });
  await rig.write({ app: { Dockerfile: `FROM ${name}\nRUN cat /word > /seen\n` } });
  for (const word of ['one', 'two']) {
    const options = `type=oci,dest=base.tar,name=base:v1,compression=${word === 'one' ? 'gzip' : 'zstd'}`;
    await rig.ok(['build', ...rig.busybox, '--build-arg', `WORD=${word}`, '-o', options, './base']);
    await program('skopeo', [
      ...['--tmpdir', rig.root, 'copy', '-q', '--dest-tls-verify=false'],
      ...[`oci-archive:${rig.path('base.tar')}:v1`, `docker://${name}`],
    ]);
    await rig.ok(['build', '--pull', '-o', 'type=local,dest=out', './app']);
    assert.equal(readFileSync(rig.path('out/seen'), 'utf8'), `${word}\n`);
  }
});

test('an index of two platforms is pushed whole, and pulled for this one', async () => {
  await using registry = await startDebianRegistry();
  const name = `${registry.host}/both:v1`;
  await using rig = await Rig.open({
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY a.txt /\n',
    'a.txt': 'a',
  });
  await rig.ok(['build', '--platform', 'linux/amd64,linux/arm64', '-o', `type=image,name=${name},push=true`, '.']);
  const raw = await program('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`]);
  const { manifests } = JSON.parse(raw) as { readonly manifests: { readonly platform: { architecture: string } }[] };
  assert.deepEqual(
    manifests.map(({ platform }) => platform.architecture),
    ['amd64', 'arm64'],
  );
  await using other = await Rig.open({ Dockerfile: `FROM ${name}\nLABEL arch=$ARCH\n` });
  for (const arch of ['amd64', 'arm64']) {
    await other.ok(['build', '--platform', `linux/${arch}`, '-o', 'type=oci,dest=app.tar,name=app:v1', '.']);
    const config = await program('skopeo', [
      ...['--tmpdir', other.root, '--override-arch', arch],
      ...['inspect', '--config', `oci-archive:${other.path('app.tar')}:v1`],
    ]);
    assert.equal((JSON.parse(config) as { config: { Labels: { arch: string } } }).config.Labels.arch, arch);
  }
});
