import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { imageFlags, workFlags } from '../flags/build.ts';
import { parseFlags } from '../flags/flags.ts';
import { Mistake } from '../mistake.ts';
import { memoryStream } from '../ui/recorded.fixture.ts';
import { bytesOf, folderRequest } from './folder.ts';
import { isFolder } from './is-folder.ts';

/** A folder with `app/Dockerfile` and `other/`, and what `docker buildx build ARGS` asks for in it. */
async function asked(argv: readonly string[], { env = {}, stdin = '' as string | Buffer } = {}) {
  await using temp = makeTempFolder({ prefix: 'folder-test-' });
  const cwd = temp.path;
  for (const folder of ['app', 'other', 'scratch']) mkdirSync(join(cwd, folder));
  writeFileSync(join(cwd, 'app/Dockerfile'), 'FROM scratch\n');
  const { given, positionals } = parseFlags(argv, { ...imageFlags, ...workFlags }, {});
  const made = await folderRequest(positionals[0] ?? 'app', given, {
    cwd,
    env,
    stdin: Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)]) as unknown as NodeJS.ReadStream,
    stdout: memoryStream(),
    scratch: async () => join(cwd, 'scratch'),
  });
  const { source } = made.request;
  assert.equal(source.kind, 'frontend');
  const options = source.kind === 'frontend' ? source.options : {};
  const dockerfile = join(made.lent.folders?.['dockerfile']?.root ?? cwd, 'Dockerfile');
  const isSpooled = dockerfile.startsWith(join(cwd, 'scratch')) && existsSync(dockerfile);
  const spooled = isSpooled ? readFileSync(dockerfile, 'utf8') : undefined;
  const relative = (path: string) => path.replace(cwd, '');
  const folders = Object.entries(made.lent.folders ?? {}).map(([name, { root }]) => [name, relative(root)]);
  return { ...made, options, folders: Object.fromEntries(folders) as Record<string, string>, spooled };
}

async function mistake(argv: readonly string[]): Promise<string> {
  const error = await asked(argv).then(
    () => assert.fail('there was no mistake'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Mistake, String(error));
  return error.message;
}

test('a folder is told from an image by how it begins', () => {
  assert.deepEqual(['.', './app', '../x', '/src', '-', 'https://x.test/a.git'].map(isFolder), Array(6).fill(true));
  assert.deepEqual(['api', 'api#test', 'api-*', 'all'].map(isFolder), Array(4).fill(false));
});

test('the Dockerfile lies in the context', async () => {
  const { request, options, folders } = await asked(['./app']);
  assert.equal(request.id, 'app');
  assert.deepEqual(options, { filename: 'Dockerfile' });
  assert.deepEqual(folders, { context: '/app', dockerfile: '/app' });
});

test('an image stays in the store under its names; without one it is exported only for what asks of it', async () => {
  assert.deepEqual((await asked(['./app'])).request.exports, []);
  const named = await asked(['-t', 'a:1', './app']);
  assert.deepEqual(named.request.exports, [{ type: 'image', attrs: { name: 'a:1' } }]);
  const identified = await asked(['--iidfile', 'id', './app']);
  assert.deepEqual(identified.request.exports, [{ type: 'image', attrs: {} }]);
});

test('-f is relative to the current folder, as docker has it', async () => {
  const { options, folders } = await asked(['-f', 'other/x.Dockerfile', './app']);
  assert.equal(options['filename'], 'x.Dockerfile');
  assert.deepEqual(folders, { context: '/app', dockerfile: '/other' });
});

test('a Dockerfile comes from standard input by -f -, or as the whole context', async () => {
  const file = await asked(['-f', '-', './app'], { stdin: 'FROM a\n' });
  assert.deepEqual([file.folders['context'], file.spooled], ['/app', 'FROM a\n']);
  const alone = await asked(['-'], { stdin: 'FROM b\n' });
  assert.deepEqual([alone.request.id, alone.spooled], ['stdin', 'FROM b\n']);
  assert.match(await mistake(['-f', '-', '-']), /only one/);
});

test('an archive on standard input is taken whole, with the Dockerfile in it or one that lies here', async () => {
  const stdin = execFileSync('tar', ['-cf', '-', '-C', import.meta.dirname, 'folder.ts']);
  const inside = await asked(['-'], { stdin });
  assert.deepEqual(inside.options, { context: 'local:context', filename: 'Dockerfile' });
  assert.deepEqual(inside.folders, { context: '/scratch/stdin', dockerfile: '/scratch/stdin' });
  const beside = await asked(['-f', 'app/Dockerfile', '-'], { stdin });
  assert.deepEqual(beside.options, { context: 'local:context', filename: 'Dockerfile', dockerfilekey: 'dockerfile' });
  assert.deepEqual(beside.folders, { context: '/scratch/stdin', dockerfile: '/app' });
});

test('flags become options of the frontend by their names in BuildKit', async () => {
  const { options, request } = await asked(
    [
      ...['--target', 'prod', '--platform', 'linux/amd64,linux/arm64', '--no-cache-filter', 'a', '--pull'],
      ...['--build-arg', 'A=1', '--build-arg', 'FROM_ENV', '--build-arg', 'UNSET', '--label', 'l=v'],
      ...['--network', 'host', '--shm-size', '64m', '--ulimit', 'nofile=1:2', '--add-host', 'a:1.2.3.4', './app'],
      ...['--resource', 'memory=2g', '--resource', 'cpu-shares=512'],
    ],
    { env: { FROM_ENV: 'e', SOURCE_DATE_EPOCH: '7' } },
  );
  assert.deepEqual(options, {
    target: 'prod',
    platform: 'linux/amd64,linux/arm64',
    'no-cache': 'a',
    'image-resolve-mode': 'pull',
    'build-arg:A': '1',
    'build-arg:FROM_ENV': 'e',
    'build-arg:SOURCE_DATE_EPOCH': '7',
    'label:l': 'v',
    'force-network-mode': 'host',
    'shm-size': '67108864',
    memory: '2147483648',
    cpushares: '512',
    ulimit: 'nofile=1:2',
    'add-hosts': 'a=1.2.3.4',
    filename: 'Dockerfile',
  });
  assert.deepEqual(request.entitlements, ['network.host']);
});

test('names and annotations go with what can carry them', async () => {
  const { request } = await asked([
    ...['-t', 'a:1', '-t', 'b', '--annotation', 'index:k=v', '--annotation', 'm=n'],
    ...['-o', 'type=oci,dest=x.tar', '-o', 'out', '--output', 'type=image', '--push', './app'],
  ]);
  const said = { name: 'a:1,b', 'annotation-index.k': 'v', 'annotation.m': 'n' };
  assert.deepEqual(
    request.exports.map(({ type, attrs }) => [type, attrs]),
    [
      ['oci', said],
      ['local', {}],
      ['image', { ...said, push: 'true' }],
    ],
  );
});

test('named contexts are folders to lend, or what the frontend reads itself', async () => {
  const { options, folders } = await asked([
    ...['--build-context', 'src=other', '--build-context', 'base=docker-image://busybox', './app'],
  ]);
  assert.deepEqual(folders, { context: '/app', dockerfile: '/app', src: '/other' });
  assert.deepEqual([options['context:src'], options['context:base']], ['local:src', 'docker-image://busybox']);
  assert.match(await mistake(['--build-context', 'src=nowhere', './app']), /is not a folder/);
});

test('secrets are found before the build, in the current folder or the environment', async () => {
  const { lent } = await asked(['--secret', 'id=a,src=other/a', '--secret', 'id=TOKEN', './app'], {
    env: { TOKEN: 'x' },
  });
  const [file, variable] = lent.secrets!;
  assert.match(file?.kind === 'file' ? file.path : '', /\/other\/a$/);
  assert.deepEqual(variable, { kind: 'env', id: 'TOKEN', variable: 'TOKEN' });
});

test('what is no folder is a mistake', async () => {
  assert.match(await mistake(['./nowhere']), /is not a folder/);
});

test('sizes are in units of 1024', () => {
  assert.deepEqual(
    ['1', '2k', '64m', '1.5g', '3KiB'].map((text) => bytesOf('--x', text)),
    [1, 2048, 67108864, 1610612736, 3072],
  );
  assert.throws(() => bytesOf('--x', 'lots'), /--x needs a size such as 64m/);
});
