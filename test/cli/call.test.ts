// What is asked of Dockerfiles in place of a build, as buildx prints it, and what a workspace's lint makes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

const app = ['# app is the thing', 'FROM scratch AS App', '# VERSION to build', 'ARG VERSION=1', 'ENV a b', ''].join(
  '\n',
);
const workspace = {
  'buildkit.config.json': JSON.stringify({
    images: {
      app: { context: 'app' },
      web: { context: 'web', dependsOn: 'db', args: { N: '2' } },
      tests: { context: 'app', target: 'app' },
      db: { dockerfileInline: 'FROM scratch\nMAINTAINER me\n' },
    },
  }),
  'app/Dockerfile': app,
  'web/Dockerfile': 'FROM app\nARG N\n',
};

test('a check prints what was found with file and line, and ends with 1', async () => {
  await using rig = await Rig.open({ 'app/Dockerfile': app });
  const { code, stdout, stderr } = await rig.cli(['build', '--check', './app']);
  assert.equal(code, 1);
  assert.equal(stderr, 'exit 1: something was found\n');
  assert.match(
    stdout,
    /^Check complete, 2 warnings have been found!\n\nWARNING: StageNameCasing - https:\/\/docs\.docker\.com\/go\/dockerfile\/rule\/stage-name-casing\/\nStage name 'App' should be lowercase\napp\/Dockerfile:2\n-{20}\n {3}1 \| {5}# app is the thing\n {3}2 \| >>> FROM/,
  );
  assert.equal((await rig.cli(['build', '--call', 'check,ignorestatus', './app'])).code, 0);
  const fine = await rig.ok(['build', '--check', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all', './app']);
  assert.equal(fine.stdout, 'Check complete, no warnings found.\n');
});

test('as JSON it is the answer of the frontend, also where the Dockerfile cannot be built', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch AS App\nCOPPY a b\n' });
  const { code, stdout, stderr } = await rig.cli(['build', '--call=check,format=json', '.']);
  assert.equal(code, 1);
  const { warnings, sources, buildError } = JSON.parse(stdout);
  assert.deepEqual(
    warnings.map(({ ruleName }: { ruleName: string }) => ruleName),
    ['StageNameCasing'],
  );
  assert.equal(sources[0].filename, 'Dockerfile');
  assert.equal(buildError.message, 'unknown instruction: COPPY (did you mean COPY?)');
  assert.match(stderr, /^error: unknown instruction: COPPY \(did you mean COPY\?\)\nDockerfile:2\n-{20}\n/);
});

test('a Dockerfile from standard input is called by its name', async () => {
  await using rig = await Rig.open();
  const { stdout } = await rig.cli(['build', '--check', '-'], { stdin: 'FROM scratch AS A\n' });
  assert.match(stdout, /\nDockerfile:1\n/);
});

test('an outline and the targets are tables', async () => {
  await using rig = await Rig.open({ Dockerfile: app });
  assert.equal(
    (await rig.ok(['build', '--call', 'outline', '--build-arg', 'VERSION=3', '.'])).stdout,
    'TARGET:      app\nDESCRIPTION: is the thing\n\nBUILD ARG   VALUE   DESCRIPTION\nVERSION     3       to build\n\n',
  );
  const { stdout } = await rig.ok(['build', '--call', 'targets', '.']);
  assert.equal(stdout, 'TARGET        DESCRIPTION\napp (default) is the thing\n');
});

test('a question about what cannot be read ends with 1 and shows the line', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPPY a b\n' });
  const { code, stdout, stderr } = await rig.cli(['build', '--call', 'outline', '.']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /Dockerfile:2:1\n.*\n ❯ 2 │ COPPY a b\n/);
});

test('several images of a workspace answer one after the other, or as JSON by their ids', async () => {
  await using rig = await Rig.open(workspace);
  const { stdout } = await rig.ok(['build', '--call', 'outline', 'app', 'web']);
  assert.match(stdout, /^app\n\nTARGET: {6}app\n[^]*\n\nweb\n\nBUILD ARG {3}VALUE {3}DESCRIPTION\nN {11}2 {7}\n\n$/);
  const one = JSON.parse((await rig.ok(['build', '--call', 'outline,format=json', 'web'])).stdout);
  assert.ok(Array.isArray(one.args), 'only what was named answers, not what it depends on');
  const all = await rig.cli(['build', '--call', 'check,format=json', 'all']);
  assert.equal(all.code, 1);
  assert.deepEqual(Object.keys(JSON.parse(all.stdout)).toSorted(), ['app', 'db', 'tests', 'web']);
});

test('lint tells of each Dockerfile of the workspace once, and ends with 1 if anything is found', async () => {
  await using rig = await Rig.open(workspace);
  const { code, stdout } = await rig.cli(['lint']);
  assert.equal(code, 1);
  assert.equal(stdout.match(/WARNING: StageNameCasing/g)?.length, 1);
  assert.match(stdout, /WARNING: MaintainerDeprecated/);
  assert.match(stdout, /\n3 warnings in 3 Dockerfiles\n$/);
  assert.equal((await rig.ok(['lint', 'web'])).stdout, 'no warnings in 1 Dockerfile\n');
  const json = JSON.parse((await rig.cli(['lint', '--json', 'app'])).stdout);
  assert.equal(json.app.warnings.length, 2);
});

test('a base image of the workspace that cannot be built is an error of both, and the others are still checked', async () => {
  await using rig = await Rig.open({ ...workspace, 'app/Dockerfile': 'FROM scratch\nCOPPY a b\n' });
  const { code, stdout } = await rig.cli(['lint', 'app', 'web', 'db']);
  assert.equal(code, 1);
  assert.match(stdout, /ERROR: unknown instruction: COPPY/);
  assert.match(stdout, /ERROR: web\/Dockerfile: app, which web is built from, can't be built/);
  assert.match(stdout, /WARNING: MaintainerDeprecated[^]*1 warning and 2 errors in 3 Dockerfiles/);
});
