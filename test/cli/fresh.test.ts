// The answer of the last time is told again only while nothing that it came from was touched.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const project: Tree = {
  Dockerfile: 'FROM busybox\nCOPY . /src\n',
  '.dockerignore': 'ignored\n',
  'a.txt': 'one',
  deep: { 'b.txt': 'two' },
  ignored: 'whatever',
};

/** Builds until the answer is kept: the first build may be too close to the writing of its files. */
async function settled(rig: Rig, args: readonly string[]): Promise<string> {
  const folder = join(rig.cacheDir, 'fresh');
  for (let attempt = 0; attempt < 5; attempt++) {
    const { stdout } = await rig.ok(args);
    if (existsSync(folder) && readdirSync(folder).length > 0) return stdout;
  }
  throw new Error('the answer is never kept');
}

const changes: readonly [what: string, change: (rig: Rig) => void | Promise<unknown>, differs: boolean][] = [
  [
    'a file of the same size and time',
    (rig) => {
      writeFileSync(rig.path('deep/b.txt'), 'TWO');
      utimesSync(rig.path('deep/b.txt'), 1_600_000_000, 1_600_000_000);
    },
    true,
  ],
  ['a new file', (rig) => writeFileSync(rig.path('deep/c.txt'), ''), true],
  ['a file that is gone', (rig) => rmSync(rig.path('a.txt')), true],
  ['the Dockerfile', (rig) => writeFileSync(rig.path('Dockerfile'), 'FROM busybox\nCOPY . /src\nENV A=b\n'), true],
  ['an ignore file of its own', (rig) => writeFileSync(rig.path('Dockerfile.dockerignore'), 'deep\n'), true],
  ['a file that is ignored', (rig) => writeFileSync(rig.path('ignored'), 'more'), false],
];

for (const [what, change, differs] of changes) {
  test(`${what} is seen`, async () => {
    await using rig = await Rig.open(project);
    const args = ['build', '-q', ...rig.busybox, '.'];
    const before = await settled(rig, args);
    await change(rig);
    const after = (await rig.ok(args)).stdout;
    assert.equal(after !== before, differs);
    await using clean = await Rig.open();
    const env = { MONOKIT_CACHE_DIR: clean.cacheDir };
    assert.equal((await rig.ok(args, { env })).stdout, after, 'as a build without any cache gives it');
  });
}

test('an output that is gone is written again', async () => {
  await using rig = await Rig.open({ app: project, out: {} });
  const args = ['build', '-q', ...rig.busybox, '-o', 'type=oci,dest=out/app.tar', './app'];
  await settled(rig, args);
  rmSync(rig.path('out/app.tar'));
  await rig.ok(args);
  assert.ok(existsSync(rig.path('out/app.tar')));
});

test('a name that another build took is given back', async () => {
  await using rig = await Rig.open({ one: project, two: { Dockerfile: 'FROM scratch\nENV A=b\n' } });
  const one = ['build', '-q', ...rig.busybox, '-t', 'app:1', './one'];
  const digest = (await settled(rig, one)).split('@')[1]!.trim();
  await rig.ok(['build', '-q', '-t', 'app:1', './two']);
  assert.ok(!(await rig.ok(['ls', '--json'])).stdout.includes(digest));
  await rig.ok(one);
  assert.ok((await rig.ok(['ls', '--json'])).stdout.includes(digest));
});

test('an answer is told as it was asked for, also where the environment asks', async () => {
  for (const quiet of [['--progress', 'quiet'], ['--quiet=true'], { MONOKIT_QUIET: '1' }]) {
    await using rig = await Rig.open({ app: project });
    const flags = Array.isArray(quiet) ? quiet : [];
    const args = ['build', ...flags, ...rig.busybox, './app'];
    const options = { env: Array.isArray(quiet) ? {} : quiet };
    const [first, second, third] = [
      await rig.ok(args, options),
      await rig.ok(args, options),
      await rig.ok(args, options),
    ];
    assert.match(first.stdout, /sha256:[0-9a-f]{64}\n$/);
    assert.deepEqual([second.stdout, third.stdout, third.stderr], [first.stdout, first.stdout, '']);
  }
});

test('the environment and the words of the command line are part of the question', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nARG WHO\nENV WHO=$WHO\n' });
  const args = ['build', '-q', '--build-arg', 'WHO', ...rig.busybox, '.'];
  const me = await settled(rig, args);
  assert.notEqual((await rig.ok(args, { env: { WHO: 'you' } })).stdout, me);
  assert.notEqual((await rig.ok(['build', '-q', '--build-arg', 'WHO=they', ...rig.busybox, '.'])).stdout, me);
});

test('a variable of npm that a config or a flag reads is part of the question', async () => {
  await using rig = await Rig.open({
    'buildkit.config.mjs': `export default ({ env }) => ({
      defaults: { contexts: { busybox: 'oci-layout://${busyboxLayout()}' } },
      images: { app: { args: { VERSION: String(env.npm_package_version) } } },
    });`,
    Dockerfile: 'FROM busybox\nARG VERSION\nARG TERMINAL\nRUN echo $VERSION $TERMINAL > /version\n',
  });
  const args = ['build', 'app', '-q', '--build-arg', 'TERMINAL'];
  const told = async (version: string, TERMINAL: string) =>
    (await rig.ok(args, { env: { npm_package_version: version, TERMINAL } })).stdout;
  const folder = join(rig.cacheDir, 'fresh');
  let first = '';
  for (let attempt = 0; attempt < 5 && !existsSync(folder); attempt++) first = await told('1.0.0', 'one');
  assert.ok(existsSync(folder), 'the answer is kept');
  assert.notEqual(await told('1.0.1', 'one'), first);
  assert.notEqual(await told('1.0.0', 'two'), first);
  assert.equal(await told('1.0.0', 'one'), first);
});

test('a workspace is told again, and seen when its config changes', async () => {
  const config = (extra: string) =>
    `export default { images: { app: { context: 'app', contexts: { busybox: 'oci-layout://${busyboxLayout()}' }${extra} } } };\n`;
  await using rig = await Rig.open({ 'buildkit.config.mjs': config(''), app: project });
  const before = await settled(rig, ['build', 'all', '-q']);
  const again = await rig.ok(['build', 'all', '-q']);
  assert.equal(again.stdout, before);
  await rig.write({ 'buildkit.config.mjs': config(", labels: { a: 'b' }") });
  assert.notEqual((await rig.ok(['build', 'all', '-q'])).stdout, before);
});

test('an answer is told again by a handful of modules, none of which builds anything', async () => {
  await using rig = await Rig.open({ one: project, two: project, 'buildkit.config.json': '{ "discover": true }' });
  const args = ['build', 'all', ...rig.busybox];
  // Beside the project, and in each build: the variable is a part of the question too.
  const coverage = join(rig.root, 'coverage');
  const env = { NODE_V8_COVERAGE: coverage };
  for (let build = 0; build < 3; build++) {
    rmSync(coverage, { recursive: true, force: true });
    await rig.ok(args, { env });
  }
  const [report] = readdirSync(coverage);
  const { result } = JSON.parse(readFileSync(join(coverage, report!), 'utf8')) as { result: { url: string }[] };
  const modules = result.flatMap(({ url }) => /\/(?:packages|node_modules)\/(.*)$/.exec(url)?.[1] ?? []);
  assert.ok(modules.includes('cli/src/fresh/fresh.ts'));
  assert.ok(modules.length <= 18, modules.join('\n'));
  const engine = modules.filter((name) => !name.startsWith('cli/src/'));
  assert.deepEqual(engine, ['engine/src/cache/path.ts']);
});
