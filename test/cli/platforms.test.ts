// Images for several platforms: one index, foreign steps by an emulator, and what depends on no platform run once.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hostPlatform } from '../../packages/engine/src/oci/platform.ts';
import { emulatorOf, foreignBusybox } from '../rig/foreign.ts';
import { Rig } from '../rig/rig.ts';

const foreign = foreignBusybox();
const host = hostPlatform().architecture;
const machineOf: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64' };
const platforms = [`linux/${host}`, `linux/${foreign.architecture}`];

const dockerfile = `
FROM scratch AS base
ARG TARGETARCH
COPY busybox-$TARGETARCH /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]

FROM --platform=$BUILDPLATFORM busybox AS compiler
RUN echo "$(uname -m)" > /made-by
FROM compiler AS cross
ARG TARGETPLATFORM
RUN echo "for $TARGETPLATFORM" >> /made-by

FROM base
COPY --from=cross /made-by /
RUN uname -m > /machine && echo "$(cat /machine) $(id -u)"
CMD ["cat", "/made-by", "/machine"]
`;

function writeBinaries(rig: Rig): void {
  copyFileSync('/bin/busybox', rig.path(`busybox-${host}`));
  copyFileSync(foreign.path, rig.path(`busybox-${foreign.architecture}`));
}

test('both images of an index were built, and run, each on its own platform', async () => {
  using _emulator = emulatorOf(foreign);
  await using rig = await Rig.open({ Dockerfile: dockerfile });
  writeBinaries(rig);
  const output = ['--platform', platforms.join(','), '-o', 'type=oci,tar=false,dest=image'];
  const { stderr } = await rig.ok(['build', ...rig.busybox, ...output, '.']);
  assert.match(stderr, / Steps: +12 run, 2 shared, /);
  assert.match(stderr, / Shared: +2 steps? ran once instead of 4 times, [\d.]+m?s saved/);

  const blob = (digest: string) => JSON.parse(readFileSync(rig.path('image/blobs/sha256', digest.slice(7)), 'utf8'));
  const root = JSON.parse(readFileSync(rig.path('image/index.json'), 'utf8')).manifests[0];
  const { manifests } = blob(root.digest) as { manifests: { digest: string; platform: { architecture: string } }[] };
  assert.deepEqual(
    manifests.map(({ platform }) => platform),
    platforms.map((platform) => ({ architecture: platform.split('/')[1], os: 'linux' })),
  );

  await rig.write({
    'check/Dockerfile': 'FROM app\nRUN echo "it says $(cat /made-by /machine; uname -m | tr -d \\"\\n\\")"\n',
  });
  for (const platform of platforms) {
    const machine = machineOf[platform.split('/')[1]!];
    const args = ['--build-context', `app=oci-layout://${rig.path('image')}`, '--platform', platform, 'check'];
    const told = await rig.ok(['build', '--progress', 'plain', ...args]);
    const text = told.stderr.replaceAll(/^#\d+ [\d.]+ /gm, '');
    assert.ok(text.includes(`it says ${machineOf[host]}\nfor ${platform}\n${machine}\n${machine}`), told.stderr);
  }
  const again = await rig.ok(['build', ...rig.busybox, ...output, '.']);
  assert.match(again.stderr, / Steps: +0 run, 2 shared, 12 cached/);
});

test('the config may name the platforms', async () => {
  using _emulator = emulatorOf(foreign);
  await using rig = await Rig.open({
    Dockerfile: dockerfile,
    'buildkit.config.json': JSON.stringify({
      images: { app: { context: '.', platforms, output: 'type=oci,tar=false,dest=image' } },
    }),
  });
  writeBinaries(rig);
  await rig.ok(['build', 'app', ...rig.busybox]);
  const { manifests } = JSON.parse(readFileSync(rig.path('image/index.json'), 'utf8'));
  assert.equal(manifests[0].mediaType, 'application/vnd.oci.image.index.v1+json');
});

test('a step for a platform that nothing here runs is told with what to install', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\nRUN ["/x"]\n' });
  const { code, stderr } = await rig.cli(['build', '--platform', 'linux/vax', '.']);
  assert.equal(code, 1);
  assert.match(stderr, /Dockerfile:3/);
  assert.match(stderr, /this machine cannot run programs for linux\/vax; install an emulator: apt-get install /);
});

test('nothing is looked for where no foreign step runs', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  // Copies need no emulator, whatever the platform.
  const output = ['-o', 'type=oci,tar=false,dest=image'];
  await rig.ok(['build', '--platform', 'linux/arm64,linux/riscv64,windows/amd64', ...output, '.']);
});
