import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { configText } from '../commands/init.ts';
import { imageFlags, workFlags } from '../flags/build.ts';
import { parseFlags } from '../flags/flags.ts';
import { Mistake } from '../mistake.ts';
import { bakeTarget } from '../print/bake-target.ts';
import { memoryStream } from '../ui/recorded.fixture.ts';
import type { BuildInvocation } from './tasks.ts';
import { workspaceTasks } from './workspace-tasks.ts';
import { openWorkspace } from './workspace.ts';

const config = JSON.stringify({
  groups: { default: ['api', 'web'] },
  images: {
    base: { context: 'base', tags: 'org/base:1' },
    api: { context: 'api', tags: ['api:dev'], args: { A: 1 }, output: 'type=oci,dest=out/api.tar' },
    web: { context: 'web', contexts: { ground: 'target:base' }, dependsOn: 'db' },
    db: { dockerfileInline: 'FROM scratch\n' },
  },
  run: { concurrency: 3 },
});
const dockerfiles = Object.fromEntries(['base', 'api', 'web'].map((name) => [`${name}/Dockerfile`, 'FROM scratch\n']));

/** A workspace in a folder of its own, and an invocation in it. */
function open(argv: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const temp = makeTempFolder({ prefix: 'workspace-test-' });
  for (const [name, text] of Object.entries({ 'buildkit.config.json': config, ...dockerfiles, ...files })) {
    mkdirSync(dirname(join(temp.path, name)), { recursive: true });
    writeFileSync(join(temp.path, name), text);
  }
  const flags = { ...imageFlags, ...workFlags };
  const { given, positionals } = parseFlags(argv, flags, {});
  const stderr = memoryStream();
  const invocation = {
    flags: { ...given, 'cache-dir': join(temp.path, 'cache') },
    positionals,
    cwd: temp.path,
    env: {},
    signal: new AbortController().signal,
    stdin: process.stdin,
    stdout: memoryStream(),
    stderr,
  } as unknown as BuildInvocation;
  return Object.assign(temp, { invocation, stderr });
}

async function tasksOf(argv: readonly string[], files?: Readonly<Record<string, string>>) {
  await using opened = open(argv, files);
  await using scope = new AsyncDisposableStack();
  return { ...(await workspaceTasks(opened.invocation, scope)), root: opened.path };
}

async function mistake(argv: readonly string[], files?: Readonly<Record<string, string>>) {
  await using opened = open(argv, files);
  await using scope = new AsyncDisposableStack();
  const error = await workspaceTasks(opened.invocation, scope).then(
    () => assert.fail('there was no mistake'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Mistake, String(error));
  return { message: error.message, hint: error.hint, stderr: opened.stderr.text.replaceAll(opened.path, '') };
}

test('chosen images are tasks, after what they depend on; all others are offered', async () => {
  const { tasks, offers, settings, folderOf, root } = await tasksOf([]);
  assert.deepEqual(
    tasks.map(({ request, dependsOn }) => [request.id, dependsOn]),
    [
      ['api', []],
      ['db', []],
      ['web', ['db']],
    ],
  );
  assert.deepEqual(
    offers.map(({ id, names }) => [id, names]),
    [['base', ['@base', 'base', 'org/base:1', 'docker.io/org/base:1']]],
  );
  assert.deepEqual(settings, { concurrency: '3', continue: 'never', registries: {} });
  assert.equal(folderOf.get('base'), join(root, 'base'));
});

test('an offered image is exported nowhere', async () => {
  await using opened = open(['web']);
  await using scope = new AsyncDisposableStack();
  const { offers } = await workspaceTasks(opened.invocation, scope);
  const api = await offers.find(({ id }) => id === 'api')!.request();
  assert.deepEqual(api.exports, []);
});

test('the folders of different images are told apart, and another image is an input', async () => {
  const { tasks } = await tasksOf(['web']);
  const { source } = tasks.find(({ request }) => request.id === 'web')!.request;
  assert.deepEqual(source.kind === 'frontend' && source.options, {
    'context:ground': 'input:@base',
    filename: 'Dockerfile',
    'local-sessionid:context': 'web',
    'local-sessionid:dockerfile': 'web',
  });
});

test('flags change every chosen image, and paths in them are relative to the current folder', async () => {
  const argv = [
    'api',
    'web',
    '--platform',
    'linux/arm64',
    '--build-arg',
    'A=2',
    '--no-cache',
    '-o',
    'type=oci,dest={id}.tar',
  ];
  const { tasks, root } = await tasksOf(argv);
  for (const id of ['api', 'web']) {
    const { source, exports } = tasks.find(({ request }) => request.id === id)!.request;
    const options = source.kind === 'frontend' ? source.options : {};
    assert.deepEqual([options['platform'], options['build-arg:A'], options['no-cache']], ['linux/arm64', '2', '']);
    assert.deepEqual(exports[0]!.destination, { kind: 'file', path: join(root, `${id}.tar`) });
  }
  const { source } = tasks.find(({ request }) => request.id === 'db')!.request;
  assert.equal(source.kind === 'frontend' && source.options['platform'], undefined);
});

test('--push sends what has a name, and -t gives it one', async () => {
  const { tasks } = await tasksOf(['base', '--push', '-t', 'r.test/x:2']);
  assert.deepEqual(tasks[0]!.request.exports, [{ type: 'image', attrs: { name: 'r.test/x:2', push: 'true' } }]);
  assert.equal((await mistake(['db', '--push'])).message, 'db has no tags, so there is nothing to push it as');
});

test('flags that mean one image are refused for several', async () => {
  assert.match((await mistake(['all', '-t', 'x'])).message, /--tag names one image, and 4 were asked for/);
  assert.match((await mistake(['all', '-o', 'out'])).message, /has room for one image/);
  assert.match((await mistake(['all', '-o', '-'])).message, /has room for one image/);
  assert.match((await mistake(['all', '-f', 'x'])).message, /-f names the Dockerfile of a folder/);
  assert.match((await mistake(['api', '--platform', 'a/b/c/d'])).message, /^--platform: /);
});

test('a wrong selection names the nearest image', async () => {
  const { message, hint, stderr } = await mistake(['bsae']);
  assert.deepEqual([message, hint, stderr], ['there is no image or group "bsae"', 'did you mean "base"?', '']);
});

test('problems of the config are shown in its text', async () => {
  const broken = `{
  "images": {
    "api": { "contxt": "api" }
  }
}`;
  const { message, stderr } = await mistake(['all'], { 'buildkit.config.json': broken });
  assert.equal(message, '1 problem in buildkit.config.json');
  assert.equal(
    stderr,
    `error: unknown key "contxt" in images.api
  buildkit.config.json:3:14
   1 │ {
   2 │   "images": {
 ❯ 3 │     "api": { "contxt": "api" }
     │              ^^^^^^^^ did you mean "context"?
   4 │   }

`,
  );
});

test('a target is printed by the keys of bake', async () => {
  await using opened = open([]);
  const { targets } = await openWorkspace(opened.invocation, ['all']);
  assert.deepEqual(bakeTarget(targets.get('api')!, opened.path), {
    context: 'api',
    dockerfile: 'Dockerfile',
    args: { A: '1' },
    tags: ['api:dev'],
    output: [{ dest: 'out/api.tar', type: 'oci' }],
  });
  assert.deepEqual(bakeTarget(targets.get('web')!, opened.path), {
    context: 'web',
    dockerfile: 'Dockerfile',
    contexts: { ground: 'target:base' },
  });
  assert.deepEqual(bakeTarget(targets.get('db')!, opened.path), {
    context: '.',
    dockerfile: 'Dockerfile',
    'dockerfile-inline': 'FROM scratch\n',
  });
});

test('the config that init writes describes what it found', async () => {
  await using opened = open([], {
    'tools/x-y.Dockerfile': 'FROM scratch\n',
    'buildkit.config.json': '{"discover":true}',
  });
  const { selected } = await openWorkspace(opened.invocation, ['all']);
  const written = configText(selected, opened.path);
  assert.match(written, /^ {4}api: \{ context: 'api' \},$/m);
  assert.match(written, /^ {4}'x-y': \{ context: 'tools', dockerfile: 'x-y.Dockerfile' \},$/m);
  const file = join(opened.path, 'buildkit.config.ts');
  writeFileSync(file, written);
  const again = { ...opened.invocation, flags: { ...opened.invocation.flags, config: [file] } };
  assert.deepEqual(
    (await openWorkspace(again, ['all'])).selected.map(({ id }) => id).sort(),
    selected.map(({ id }) => id).sort(),
  );
});
