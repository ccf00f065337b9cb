// Docker loads, pulls and runs our images.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { startDockerd } from '../rig/dockerd.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

test('docker loads our archives, pulls what we pushed, and runs both', async () => {
  await using registry = await startDebianRegistry();
  await using dockerd = await startDockerd();
  const compressions = ['gzip', 'zstd', 'uncompressed'];
  await using rig = await Rig.open({
    Dockerfile: `
FROM busybox
ARG WORD
RUN chown 33 /tmp && echo "said by $WORD" > /said && rm /etc/group
USER www-data
WORKDIR /work
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /said; id -un; pwd; ls /etc"]
`,
  });
  const version = await dockerd.docker('version', '--format', '{{.Server.Version}}');
  const skopeo = (...args: string[]) => program('skopeo', ['--tmpdir', rig.root, 'copy', '-q', ...args]);
  for (const compression of compressions) {
    const args = ['build', ...rig.busybox, '--build-arg', `WORD=${compression}`];
    const how = `compression=${compression},force-compression=true`;
    let pushed = `${registry.host}/app:${compression}`;
    await rig.ok([...args, '-o', `type=docker,dest=app.tar,name=app:${compression},${how}`, '.']);
    await rig.ok([...args, '-o', `type=image,name=${pushed},push=true,${how}`, '.']);
    let archive = rig.path('app.tar');
    if (compression === 'zstd' && Number.parseInt(version, 10) < 23) {
      // Docker learnt zstd in version 23; an older one is given what skopeo makes of it.
      const [from, to] = [pushed, `${registry.host}/app:gzipped`];
      await skopeo(`docker-archive:${archive}`, `docker-archive:${rig.path('plain.tar')}:app:${compression}`);
      const gzipped = ['--src-tls-verify=false', '--dest-tls-verify=false', '--dest-compress-format', 'gzip'];
      await skopeo(...gzipped, `docker://${from}`, `docker://${to}`);
      [archive, pushed] = [rig.path('plain.tar'), to];
    }
    assert.match(await dockerd.docker('load', '-i', archive), new RegExp(`Loaded image: app:${compression}`));
    await dockerd.docker('pull', '-q', pushed);
    for (const name of [`app:${compression}`, pushed]) {
      const said = await dockerd.docker('run', '--rm', '--network', 'none', name);
      assert.deepEqual(
        said
          .trim()
          .split('\n')
          .filter((line) => !/^host|^resolv|^mtab/.test(line)),
        [`said by ${compression}`, 'www-data', '/work', 'passwd'],
      );
    }
  }
});

test('--load gives the daemon an image once, and its new names later', async () => {
  await using dockerd = await startDockerd();
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo hello > /said\nCMD ["cat", "/said"]\n' });
  const env = { DOCKER_HOST: dockerd.host };
  const load = (...tags: string[]) =>
    rig.ok(['build', '-v', ...rig.busybox, '--load', ...tags.flatMap((tag) => ['-t', tag]), '.'], { env });
  const run = (name: string) => dockerd.docker('run', '--rm', '--network', 'none', name);
  await load('app:v1');
  assert.equal(await run('app:v1'), 'hello\n');
  const loads = async () => {
    const until = (Date.now() / 1000).toFixed(3);
    return dockerd.docker('events', '--since', '0', '--until', until, '--filter', 'event=load');
  };
  const first = await loads();
  assert.equal(first.trim().split('\n').length, 1);
  await load('app:v1');
  await load('app:v1', 'localhost:5000/team/app:v2');
  assert.equal(await run('localhost:5000/team/app:v2'), 'hello\n');
  assert.equal(await loads(), first, 'the image was sent again');

  await rig.write({
    'buildkit.config.json': JSON.stringify({
      images: {
        one: { context: '.', tags: 'one:latest', output: 'type=docker' },
        two: { context: '.', target: '', args: { A: '1' }, tags: 'two:latest' },
      },
    }),
  });
  await rig.ok(['build', 'one', 'two', ...rig.busybox, '--load'], { env });
  assert.equal(await run('one:latest'), 'hello\n');
  assert.equal(await run('two:latest'), 'hello\n');

  const both = ['--platform', 'linux/amd64,linux/arm64', '-f', 'Plain', '-t', 'both', '--load', '.'];
  await rig.write({ Plain: 'FROM scratch\nCOPY Plain /\n' });
  const refused = await rig.cli(['build', ...both], { env });
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /Docker did not take the image: this daemon keeps one platform of an image, and no attestations; build for one/,
  );
});

test('without a daemon nothing is built', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo built\n' });
  const args = ['build', '--progress', 'plain', ...rig.busybox, '--load', '-t', 'app', '.'];
  const { code, stderr } = await rig.cli(args, { env: { DOCKER_HOST: `unix://${rig.path('no.sock')}` } });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /the Docker daemon at \S+no\.sock can't be reached: there is no such socket; start it, or say where/,
  );
  assert.doesNotMatch(stderr, /RUN echo built/);
});
