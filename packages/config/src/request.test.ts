import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Image } from './config.ts';
import { namesOf, requestOf, type Requested } from './request.ts';
import { resolveTargets } from './resolve.ts';

const stdout = new WritableStream<Uint8Array>();

/** The request of an image `x` in a workspace with an image `base`. */
async function requested(
  image: Image,
  env: Record<string, string> = {},
): Promise<Requested & { readonly root: string }> {
  const root = mkdtempSync(join(tmpdir(), 'request-'));
  try {
    for (const folder of ['app', 'layout']) mkdirSync(join(root, folder));
    for (const file of ['Dockerfile', 'app/build.Dockerfile']) writeFileSync(join(root, file), '');
    const layout = { schemaVersion: 2, manifests: [entry('1', '12'), entry('2', 'latest')] };
    writeFileSync(join(root, 'layout/index.json'), JSON.stringify(layout));
    writeFileSync(join(root, 'layout/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const config = { images: { base: {}, x: image } };
    const loaded = { root, config, file: undefined, prefix: [], from: 'evaluation', uncached: [] } as const;
    const { workspace, diagnostics } = await resolveTargets(loaded, { env, select: ['x'] });
    assert.deepEqual(diagnostics, []);
    return {
      ...(await requestOf(workspace!.selected[0]!, { scratch: join(root, 'inline'), stdout: () => stdout, env })),
      root,
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function entry(letter: string, name: string) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return {
    mediaType,
    size: 1,
    digest: `sha256:${letter.repeat(64)}`,
    annotations: { 'org.opencontainers.image.ref.name': name },
  };
}

function optionsOf({ request }: Requested): Readonly<Record<string, string>> {
  assert.equal(request.source.kind, 'frontend');
  return request.source.kind === 'frontend' ? request.source.options : {};
}

test('what steps may take goes to the frontend, how they are run to the engine', async () => {
  const made = await requested({ resources: { cpus: 0.5, memory: '64m' }, priority: 1, timeout: '10m', retries: 2 });
  const { filename: _, ...options } = optionsOf(made);
  assert.deepEqual(options, { memory: '67108864', cpuperiod: '100000', cpuquota: '50000' });
  assert.deepEqual(made.request.steps, { priority: 1, timeout: 600_000, retries: 2 });
  assert.equal((await requested({})).request.steps, undefined);
});

test('a plain image asks the Dockerfile frontend and stays in the store under its tags', async () => {
  const made = await requested({ context: 'app', dockerfile: 'build.Dockerfile', tags: ['x:1', 'x:2'] });
  assert.deepEqual(optionsOf(made), { filename: 'build.Dockerfile' });
  assert.deepEqual(made.lent.folders, {
    context: { root: join(made.root, 'app') },
    dockerfile: { root: join(made.root, 'app') },
  });
  assert.deepEqual(made.request.exports, [{ type: 'image', attrs: { name: 'x:1,x:2' } }]);
});

test('every key becomes an option of the frontend by its name in BuildKit', async () => {
  const made = await requested(
    {
      target: 'prod',
      args: { A: 1 },
      labels: { l: 'v' },
      platforms: ['linux/amd64', 'linux/arm64'],
      noCacheFilter: ['a', 'b'],
      pull: true,
      network: 'none',
      shmSize: '1k',
      extraHosts: { a: '1.2.3.4', b: '::1' },
      ulimits: { nofile: '1:2' },
    },
    { SOURCE_DATE_EPOCH: '9' },
  );
  assert.deepEqual(optionsOf(made), {
    'build-arg:A': '1',
    'build-arg:SOURCE_DATE_EPOCH': '9',
    'label:l': 'v',
    target: 'prod',
    platform: 'linux/amd64,linux/arm64',
    'no-cache': 'a,b',
    'image-resolve-mode': 'pull',
    'force-network-mode': 'none',
    'shm-size': '1024',
    'add-hosts': 'a=1.2.3.4,b=::1',
    ulimit: 'nofile=1:2',
    filename: 'Dockerfile',
  });
});

test('named contexts are lent, handed in or named', async () => {
  const made = await requested({
    contexts: {
      'debian:latest': 'oci-layout://layout:12',
      other: 'oci-layout://layout',
      src: 'app',
      dockerfile: 'app',
      base: 'target:base',
      img: 'docker-image://alpine',
      repo: 'https://x.test/r.git',
    },
  });
  const stores = ['1', '2'].map((digit) => digit.repeat(25));
  const layout = join(made.root, 'layout');
  assert.deepEqual(made.lent.stores!, { [stores[0]!]: layout, [stores[1]!]: layout });
  assert.deepEqual(optionsOf(made), {
    filename: 'Dockerfile',
    'context:debian': `oci-layout://${stores[0]}@sha256:${'1'.repeat(64)}`,
    'context:other': `oci-layout://${stores[1]}@sha256:${'2'.repeat(64)}`,
    'context:src': 'local:src',
    'context:dockerfile': 'local:named-dockerfile',
    'context:base': 'input:@base',
    'context:img': 'docker-image://alpine',
    'context:repo': 'https://x.test/r.git',
  });
  assert.deepEqual(Object.keys(made.lent.folders!).sort(), ['context', 'dockerfile', 'named-dockerfile', 'src']);
});

test('a tag that a layout lacks is a failure that names those it has', async () => {
  await assert.rejects(requested({ contexts: { a: 'oci-layout://layout:nope' } }), /failed to resolve "nope" tag/);
});

test('a Dockerfile in the configuration is written by its content, beside a remote context too', async () => {
  const root = mkdtempSync(join(tmpdir(), 'inline-'));
  const image = { context: 'https://x.test/r.git', dockerfileInline: 'FROM scratch\n' };
  const loaded = {
    root,
    config: { images: { x: image } },
    file: undefined,
    prefix: [],
    from: 'evaluation',
    uncached: [],
  } as const;
  const { workspace } = await resolveTargets(loaded, { env: {} });
  const made = await requestOf(workspace!.selected[0]!, { scratch: join(root, 's'), stdout: () => stdout });
  assert.deepEqual(optionsOf(made), { context: image.context, filename: 'Dockerfile', dockerfilekey: 'dockerfile' });
  assert.equal(readFileSync(join(made.lent.folders!.dockerfile!.root, 'Dockerfile'), 'utf8'), 'FROM scratch\n');
  rmSync(root, { recursive: true });
});

test('outputs become exporters; images carry names and annotations, trees do not', async () => {
  const made = await requested({
    tags: 'x',
    annotations: { a: '1' },
    output: [
      'type=oci,dest=x.tar,compression=zstd',
      'type=oci,dest=dir,tar=false',
      'type=registry',
      'out',
      '-',
      'type=cacheonly',
    ],
  });
  const common = { 'annotation.a': '1', name: 'x' };
  assert.deepEqual(made.request.exports, [
    {
      type: 'oci',
      attrs: { ...common, compression: 'zstd' },
      destination: { kind: 'file', path: join(made.root, 'x.tar') },
    },
    { type: 'oci', attrs: { ...common, tar: 'false' }, destination: { kind: 'folder', path: join(made.root, 'dir') } },
    { type: 'image', attrs: { ...common, push: 'true' } },
    { type: 'local', attrs: {}, destination: { kind: 'folder', path: join(made.root, 'out') } },
    { type: 'tar', attrs: {}, destination: { kind: 'stream', stream: stdout } },
  ]);
});

test('a reproducible image rewrites times and takes modes as git knows them', async () => {
  const made = await requested({ reproducible: true });
  assert.deepEqual(made.request.exports[0]!.attrs, { 'source-date-epoch': '0', 'rewrite-timestamp': 'true' });
  assert.equal(made.lent.folders!.context!.modes, 'git');
  const now = await requested({ created: 'now' });
  assert.deepEqual(now.request.exports[0]!.attrs, { created: 'now' });
});

test('a defined image is marshalled for each platform, told its arguments, with its config', async () => {
  const { request } = await requested({
    platforms: ['linux/amd64', 'linux/arm64'],
    args: { V: '1' },
    labels: { l: '2' },
    define: ({ platform, args, id }) => ({
      state: {
        marshal: async () => ({ ops: [Buffer.from(`${id} ${platform.architecture} ${args.V}`)], metadata: new Map() }),
      },
      config: { Cmd: ['run'], Labels: { k: '1' } },
    }),
  });
  assert.ok(request.source.kind === 'definition');
  assert.deepEqual(
    request.source.images.map(({ definition, config }) => [String(definition.ops[0]), config]),
    ['amd64', 'arm64'].map((architecture) => [
      `x ${architecture} 1`,
      { architecture, os: 'linux', config: { Cmd: ['run'], Labels: { k: '1', l: '2' } } },
    ]),
  );
});

test('a define that gives nothing is a failure', async () => {
  await assert.rejects(requested({ define: () => undefined as never }), /x: define gave no State for linux\//);
});

test('a define that throws is a failure that says where', async () => {
  const define = () => {
    throw new RangeError('too much');
  };
  await assert.rejects(requested({ define }), /x: define threw RangeError: too much/);
});

test('an image is known by its id and its tags, short and in full; a stage by none', () => {
  const target = { id: 'x', tags: ['x:latest'], names: ['docker.io/library/x:latest'] };
  assert.deepEqual(namesOf(target), ['@x', 'x', 'x:latest', 'docker.io/library/x:latest']);
  assert.deepEqual(namesOf({ ...target, id: 'x#deps' }), []);
});

test('secrets and ssh are lent by where they are', async () => {
  const image = { secrets: ['id=a,src=app/key', 'id=b,env=B'], ssh: ['default', 'deploy=app/key'] };
  const { lent, root } = await requested(image, { SSH_AUTH_SOCK: '/run/agent' });
  assert.deepEqual(lent.secrets, [
    { kind: 'file', id: 'a', path: join(root, 'app/key') },
    { kind: 'env', id: 'b', variable: 'B' },
  ]);
  assert.deepEqual(lent.ssh, [
    { kind: 'agent', id: 'default', socket: '/run/agent' },
    { kind: 'keys', id: 'deploy', paths: [join(root, 'app/key')] },
  ]);
  await assert.rejects(requested(image), /SSH_AUTH_SOCK, which is not set/);
});
