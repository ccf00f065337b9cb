import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

/** A workspace whose `FROM busybox` is this machine's static busybox. */
function workspace(images: object, files: Tree, more: object = {}): Promise<Rig> {
  const mirrors = [join(busyboxLayout(), '..')];
  const config = { registries: { 'docker.io': { mirrors } }, images, ...more };
  return Rig.open({ 'buildkit.config.json': JSON.stringify(config), ...files });
}

const twoImages: Tree = {
  'base/Dockerfile': 'FROM busybox\nRUN --mount=type=secret,id=token cp /run/secrets/token /from-base\nCOPY . /base\n',
  'base/file': 'of the base',
  'base/token': 'secret of the base',
  'app/Dockerfile': 'FROM org/base:1\nRUN --mount=type=secret,id=token cp /run/secrets/token /from-app\nCOPY . /app\n',
  'app/file': 'of the app',
  'app/token': 'secret of the app',
};

const images = {
  base: { context: 'base', tags: 'org/base:1', secrets: 'id=token,src=base/token' },
  app: { context: 'app', secrets: 'id=token,src=app/token' },
};

test('an image built from another has the folders and secrets of each in its steps', async () => {
  await using rig = await workspace(images, twoImages);
  await rig.ok(['build', 'app', '-o', 'out']);
  const read = (name: string) => readFileSync(rig.path('out', name), 'utf8');
  assert.deepEqual(['from-base', 'from-app', 'base/file', 'app/file'].map(read), [
    'secret of the base',
    'secret of the app',
    'of the base',
    'of the app',
  ]);
  assert.ok(!existsSync(rig.path('out/app/base')));
  const { stdout } = await rig.ok(['ls', '--json']);
  assert.deepEqual((JSON.parse(stdout) as { store: unknown[] }).store, [], 'the base was not asked for');
});

test('steps that two images share run once', async () => {
  await using rig = await workspace(images, twoImages);
  const { stdout } = await rig.ok(['build', 'all', '--json']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; [key: string]: unknown });
  const plan = lines.find(({ type }) => type === 'plan')!['steps'] as {
    step: string;
    name: string;
    images: string[];
  }[];
  const shared = plan.find(({ name }) => name.includes('/from-base'))!;
  assert.deepEqual(shared.images, ['base', 'app']);
  assert.equal(lines.filter(({ type, step }) => type === 'step.start' && step === shared.step).length, 1);
  assert.ok(lines.some(({ type, image, status }) => type === 'image.end' && image === 'app' && status === 'built'));
  assert.equal(lines.at(-1)!['code'], 0);
});

test('a failure in a base is told once, as the base’s, and the others go on', async () => {
  await using rig = await workspace(
    { base: { context: 'base' }, app: { context: 'app' }, other: { dockerfileInline: 'FROM busybox\nRUN true\n' } },
    { 'base/Dockerfile': 'FROM busybox\nRUN echo oh no; exit 7\n', 'app/Dockerfile': 'FROM base\nRUN echo never\n' },
  );
  const { code, stderr } = await rig.cli(['build', 'all', '--continue']);
  assert.equal(code, 1);
  assert.equal(stderr.match(/✖/g)?.length, 1);
  assert.match(stderr, /✖ base {2}\[.*2\/2\] RUN echo oh no; exit 7 {3}exit 7 after/);
  assert.ok(stderr.includes('  base/Dockerfile:2\n'), stderr);
  assert.match(stderr, / {2}blocked: app\n {2}debug: {3}cli shell .*\n {2}retry: {3}cli build base\n/);
  assert.match(stderr, / Images: {2}1 built, 1 failed, 1 blocked, 3 total\n/);
  assert.match(stderr, / Failed: {2}base:2 \(exit 7\)\n/);
});

test('what an image depends on is exported before it is built', async () => {
  await using rig = await workspace(
    {
      first: { dockerfileInline: 'FROM scratch\nCOPY one /\n', output: 'type=local,dest=out' },
      second: { dockerfileInline: 'FROM busybox\nRUN sleep 0\n', dependsOn: 'first' },
    },
    { one: '1' },
  );
  const { stderr } = await rig.ok(['build', 'second', '--progress', 'plain']);
  assert.ok(stderr.indexOf('✔ first') < stderr.indexOf('RUN sleep 0'), stderr);
  assert.equal(readFileSync(rig.path('out/one'), 'utf8'), '1');
});

test('the second time nothing runs, and five lines say so', async () => {
  await using rig = await workspace(images, twoImages);
  await rig.ok(['build', 'all']);
  const { stderr } = await rig.ok(['build', 'all']);
  assert.deepEqual(
    stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\d+(\.\d+)?m?s/, 'TIME')),
    [
      '⚡ 2 images up to date (5 steps)',
      ' Images:  2 cached, 2 total',
      '  Steps:  0 run, 3 shared, 5 cached',
      '  Cache:  100% hit · saved TIME',
      '   Time:  TIME  ▰▰▰▰▰ ALL CACHED',
    ],
  );
});

test('quiet prints ids and digests only', async () => {
  await using rig = await workspace(images, twoImages);
  const { stdout, stderr } = await rig.ok(['build', 'all', '-q']);
  assert.match(stdout, /^(?:(?:app\t|base\torg\/base:1@)sha256:[0-9a-f]{64}\n){2}$/);
  assert.equal(stderr, '');
});

test('a cache that the config limits is cut down after a build, and images stay', async () => {
  const step = { dockerfileInline: 'FROM busybox\nRUN head -c 300000 /dev/urandom > /big\n' };
  await using rig = await workspace({ one: step, two: { ...step, tags: 'two:1' } }, {}, { cache: { maxSize: '1kB' } });
  await rig.ok(['build', 'all']);
  const { stdout } = await rig.ok(['du', '--json']);
  const records = JSON.parse(stdout) as { description: string; shared: boolean }[];
  assert.deepEqual(
    records.filter(({ shared }) => !shared),
    [],
  );
  await rig.ok(['build', 'two', '-o', 'type=oci,dest=two.tar']);
  assert.ok(existsSync(rig.path('two.tar')));
});

test('a place in a Dockerfile is told from the root of the workspace by failures, records and timelines, from any folder', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default { images: { api: { context: 'services/api' } } };`,
    'services/api/Dockerfile': 'FROM busybox\nRUN echo fine\nRUN exit 3\n',
  });
  const inside = ['env', '-C', rig.path('services/api')];
  const { code, stderr } = await rig.cli(['build', 'all', ...rig.busybox], { through: inside });
  assert.equal(code, 1);
  const place = /^ {2}services\/api\/Dockerfile:3$/m;
  assert.match(stderr, place);
  const shown = await rig.ok(['runs', 'show'], { through: inside });
  assert.match(shown.stdout, place);
  const { stdout: page } = await rig.ok(['runs', 'open', '--html', '-'], { through: inside });
  assert.ok(page.includes('"services/api/Dockerfile:3"'));
});
