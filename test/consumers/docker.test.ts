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
