// `# syntax=` from the command line: which frontend a file gets, and what people see of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeExampleBases } from '../rig/bases.ts';
import { projectRoot, Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const example = join(projectRoot, 'examples/frontend');
let rig: Rig;

/** One cache for all tests, so that the frontend's image is made once. */
before(async () => {
  makeExampleBases();
  const registries = { 'docker.io': { mirrors: [join(projectRoot, '.bases')] } };
  const packfile = {
    context: join(example, 'packfile'),
    contexts: { engine: join(projectRoot, 'packages/engine') },
    tags: 'lang/pack:1',
  };
  const site = (name: string, more = {}) => ({ [name]: { context: 'site', dockerfile: name, ...more } });
  const images = {
    packfile,
    ...site('Packfile', { tags: 'site:1' }),
    ...site('Wrong'),
    ...site('Failing'),
    ...site('Elsewhere'),
    ...site('Warned'),
    ...site('Plain', { args: { BUILDKIT_SYNTAX: 'lang/pack:1 and more' } }),
    ...site('Dockerfile'),
    ...site('Broken'),
    broken: { context: 'broken' },
  };
  rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ registries, images }),
    site: {
      page: { 'index.html': 'hello' },
      Packfile: '# syntax=packfile\nbase busybox\ncopy page /www\nrun gzip -k /www/index.html\nstart httpd -f\n',
      Wrong: '# syntax=lang/pack:1\nbase busybox\n\n  serve it\n',
      Failing: '# syntax=packfile\nbase busybox\nrun exit 3\nstart sh\n',
      Elsewhere: '\n# syntax=example.invalid/nobody/language:1\nFROM scratch\n'.trimStart(),
      Warned: '# syntax=packfile\nbase busybox\nrun touch /x\n',
      Plain: 'base busybox\ncopy page /plain\nstart sh\n',
      Dockerfile: '# syntax=docker/dockerfile:1.99-labs\nFROM scratch\nCOPY page /\n',
      Broken: '# syntax=broken\n',
    } satisfies Tree,
    broken: { Dockerfile: 'FROM busybox\nENTRYPOINT ["sh", "-c", "echo I am no frontend >&2; exit 9"]\n' },
  });
});
after(() => rig[Symbol.asyncDispose]());

async function fails(args: readonly string[]) {
  const outcome = await rig.cli(args);
  assert.equal(outcome.code, 1, `${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

test('an image of the workspace is the frontend of another, and is built for it', async () => {
  const { stderr } = await rig.ok(['build', 'Packfile', '--progress', 'plain', '-o', 'out']);
  assert.deepEqual(readdirSync(rig.path('out/www')).toSorted(), ['index.html', 'index.html.gz']);
  assert.match(stderr, /\[frontend\] packfile/);
  const { stdout } = await rig.ok(['ls', '--json']);
  assert.deepEqual((JSON.parse(stdout) as { store: unknown[] }).store, [], 'the frontend was not asked for');
});

test('what it makes is cached like all else; with no network, it need not run to tell', async () => {
  const again = () => rig.ok(['build', 'Packfile', '--progress', 'plain']);
  assert.match((await again()).stderr, /\[frontend\] packfile/);
  assert.doesNotMatch((await again()).stderr, /\[frontend\]/);
  await rig.write({ site: { page: { 'index.html': 'hello again' } } });
  assert.match((await again()).stderr, /\[frontend\] packfile/);
  await rig.write({ site: { page: { 'index.html': 'hello' } } });
});

test('mistakes are told where they are', async () => {
  const { stderr } = await fails(['build', 'Wrong']);
  assert.match(stderr, /Wrong:4:3: there is no "serve": a line begins with base, copy/);
  assert.match(stderr, /❯ 4 │ {3}serve it/);
});

test('a step that fails is told at the line that it is from', async () => {
  const { stderr } = await fails(['build', 'Failing']);
  assert.match(stderr, /Failing:3\n/);
  assert.match(stderr, /❯ 3 │ run exit 3/);
});

test('a frontend that is not there, or is none, is told at the line that names it', async () => {
  const missing = await fails(['build', 'Elsewhere']);
  assert.match(missing.stderr, /Elsewhere:1:10\n/);
  assert.match(missing.stderr, /❯ 1 │ # syntax=example.invalid.*\n.*registry example.invalid can't be reached/);
  const broken = await fails(['build', 'Broken']);
  assert.match(broken.stderr, /Broken:1:10\n[^]*frontend broken failed: process .* exit code: 9/);
  assert.match(broken.stderr, /I am no frontend/);
});

test('warnings are told with their place', async () => {
  const { stderr } = await rig.ok(['build', 'Warned']);
  assert.match(stderr, /nothing is started.*Warned:3/s);
});

test('BUILDKIT_SYNTAX names a frontend for a file that does not', async () => {
  await rig.ok(['build', 'Plain', '-o', 'plain']);
  assert.equal(readFileSync(rig.path('plain/plain/index.html'), 'utf8'), 'hello');
});

test('docker/dockerfile is built in whatever its version, which the build tells', async () => {
  const { stderr } = await rig.ok(['build', 'Dockerfile', '--progress', 'plain', '--no-cache', '-o', 'builtin']);
  assert.match(stderr, /docker\/dockerfile:1\.99-labs is built in: nothing is pulled for it/);
  assert.deepEqual(readdirSync(rig.path('builtin')), ['index.html']);
});

test('a named context stands for a frontend, the built-in one too', async () => {
  await rig.ok(['build', 'packfile', '-o', 'type=oci,tar=false,dest=layout']);
  const layout = `oci-layout://${rig.path('layout')}`;
  await rig.write({ other: { Dockerfile: '# syntax=docker/dockerfile:1\nbase busybox\ncopy page /www\n', page: {} } });
  const other = ['build', './other', '-o', 'by-layout'];
  assert.match((await fails(other)).stderr, /unknown instruction: base/);
  await rig.ok([...other, '--build-context', `docker/dockerfile:1=${layout}`]);
  assert.deepEqual(readdirSync(rig.path('by-layout/www')), []);
});

test('the example is built as its README says', () => {
  const cli = join(projectRoot, 'node_modules/.bin/cli');
  const out = join(rig.root, 'example');
  const args = ['build', 'site', '--cache-dir', rig.cacheDir, '-o', out];
  const { status, stderr } = spawnSync(cli, args, { cwd: example, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(join(out, 'www')).toSorted(), ['index.html', 'index.html.gz']);
});
