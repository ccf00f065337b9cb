import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { failedOf } from '../std/failed.ts';
import { fromDefinition } from './definition-node.ts';
import { headOf, unmarshalDefinition, type Definition } from './definition.ts';
import { diff } from './diff-node.ts';
import { copy, mkdir } from './file-actions.ts';
import { merge } from './merge-node.ts';
import { marshalTerminal, unmarshalOp, type Op } from './op.ts';
import { passthrough } from './passthrough-node.ts';
import { recorded } from './recorded.fixture.ts';
import { sourceMap } from './source-map.ts';
import { git, http, image, local, ociLayout } from './sources.ts';
import { decidedLater, scratch, suppliedLater, type State } from './state.ts';

const amd64: Platform = { os: 'linux', architecture: 'amd64' };
const options = { platform: amd64, localUniqueId: 'fixture' };

const busybox = image('busybox');
const context = local('context', {
  include: ['src', 'a<b'],
  exclude: ['**/*.log'],
  followPaths: ['src'],
  sharedKeyHint: 'hint',
});
const ran = busybox
  .env('A', '1')
  .env('B', '2')
  .env('A', '3')
  .dir('/work')
  .user('nobody')
  .run(['sh', '-c', 'echo $A'], { customName: 'say A' });
const touched = busybox.run('touch /a');

/** The recorded graphs, made with our API. */
const states: Readonly<Record<string, State>> = {
  copy: busybox.copy(context, '/src/*.txt', '/dst/', {
    owner: 'nobody:users',
    followSymlinks: true,
    dirContentsOnly: true,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    exclude: ['x'],
  }),
  'copy-two': scratch().file(copy(busybox, '/bin/sh', '/sh').copy(context, '/src', '/s/.')),
  diamond: scratch().file(copy(touched.run('touch /b'), '/b', '/b').copy(touched.run('touch /c'), '/c', '/c')),
  diff: diff(busybox, ran),
  'diff-scratch': diff(scratch(), busybox),
  git: git('https://example.com/o/r.git', { ref: 'v1', keepGitDir: true }),
  http: http('https://example.com/a.tgz', {
    checksum: digestOf('a'),
    filename: 'b.tgz',
    mode: 0o600,
    uid: 1,
    gid: 2,
  }),
  image: busybox,
  'image-platform': image('alpine:3.20', { platform: { os: 'linux', architecture: 'arm64' } }),
  'image-pull': image('docker.io/library/alpine', { resolveMode: 'pull' }),
  local: context,
  merge: merge([busybox, scratch().mkfile('/m', '', { mode: 0o644 }), ran]),
  'merge-one': merge([scratch(), busybox]),
  mkdir: scratch().mkdir('/a/b', { mode: 0o750, parents: true, owner: { user: 1, group: 2 } }),
  'mkfile-chain': scratch().file(
    mkdir('/d').mkfile('/d/f', 'hi <&>', { mode: 0o640 }).symlink('/d/f', '/l').rm('/d/f', { allowNotFound: true }),
  ),
  'oci-layout': ociLayout('base@sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', {
    sessionId: 'sess',
    storeId: 'store',
  }),
  run: ran,
  'run-hosts': busybox
    .extraHost('db', '10.0.0.1')
    .ulimit('nofile', 10, 20)
    .run('true', { validExitCodes: [0, 3] }),
  'run-ignorecache': busybox.run(['date'], { ignoreCache: true }),
  'run-mounts': busybox
    .run('make', {
      mounts: [
        { kind: 'tmpfs', target: '/tmp', size: 1 << 20 },
        { kind: 'bind', target: '/src', from: context, readonly: true },
        { kind: 'cache', target: '/cache', id: 'id', sharing: 'locked' },
        { kind: 'bind', target: '/out' },
      ],
    })
    .mount('/out'),
  'run-network': busybox.run('true', { network: 'host', security: 'insecure' }),
  'run-proxy': busybox.run('true', { proxyEnv: { httpProxy: 'p' } }),
  'run-secret-ssh': busybox.run('true', {
    mounts: [
      { kind: 'ssh', id: 'default' },
      { kind: 'secret', id: 't', target: '/run/secrets/t', uid: 1, gid: 2, mode: 0o440, optional: true },
      { kind: 'secret', id: 'tok', env: 'TOKEN' },
    ],
  }),
  'run-shlex': busybox.run(`echo "a b" c`),
};

test('states give the definitions that BuildKit’s Go client gives', async (t) => {
  for (const [name, { definition, digests, head }] of recorded('client')) {
    await t.test(name, async () => {
      const made = await states[name]!.marshal(options);
      const wanted = unmarshalDefinition(Buffer.from(definition, 'base64'));
      assert.deepEqual(
        made.ops.map((op) => digestOf(op)),
        digests,
      );
      assert.equal(headOf(made), head);
      assert.deepEqual(plain(made), plain(wanted));
    });
  }
});

test('a marshalled graph goes on growing as a state', async () => {
  const made = await ran.marshal(options);
  const again = fromDefinition(made);
  assert.deepEqual(plain(await again.marshal(options)), plain(made));
  const [grown, direct] = [await again.run('true').marshal(options), await ran.withOutput(ran.output).marshal(options)];
  assert.deepEqual(grown.ops.slice(0, 2), direct.ops.slice(0, 2));
});

test('an environment variable that is set again moves to the end', async () => {
  const [, exec] = await ops(
    busybox
      .env({ A: '1', B: '2' })
      .env('A', '3')
      .run('true', { env: { C: '4', B: '5' } }),
  );
  assert.deepEqual(exec?.kind === 'exec' && exec.meta.env, ['A=3', 'C=4', 'B=5']);
});

test('what a run is told does not stay with the state', async () => {
  const state = busybox.run('true', { env: { A: '1' }, dir: '/x', user: 'u' });
  assert.equal(state.settings.dir, '/');
  assert.equal(state.settings.user, '');
  assert.equal(state.settings.env.get('A'), undefined);
});

test('relative paths start at the directories of both states', async () => {
  const from = scratch().dir('/from').mkfile('f', 'x');
  const [, file] = await ops(scratch().dir('to').dir('here').copy(from, 'f', 'g/'));
  assert.partialDeepStrictEqual(file?.kind === 'file' && file.actions[0], { src: '/from/f', dest: '/to/here/g/' });
});

test('destinations keep the slash that makes them folders', async () => {
  for (const [dest, wanted] of [
    ['/', '/'],
    ['.', '/w'],
    ['./', '/w/'],
    ['a/.', '/w/a/.'],
    ['/.', '/.'],
    ['../../x', '/x'],
  ] as const) {
    const [, file] = await ops(scratch().dir('/w').copy(busybox, '/f', dest));
    assert.equal(file?.kind === 'file' && file.actions[0]?.kind === 'copy' && file.actions[0].dest, wanted, dest);
  }
});

test('owners are numbers where they look like numbers', async () => {
  const owner = async (text: string) => {
    const [, file] = await ops(busybox.mkdir('/d', { owner: text }));
    return file?.kind === 'file' && file.actions[0]?.kind === 'mkdir' && file.actions[0].owner;
  };
  const named = (name: string) => ({ kind: 'name', name, input: 0 });
  assert.deepEqual(await owner('app'), { user: named('app') });
  assert.deepEqual(await owner('7:crew'), { user: { kind: 'id', id: 7 }, group: named('crew') });
  assert.deepEqual(await owner('root:'), { user: { kind: 'id', id: 0 }, group: { kind: 'id', id: 0 } });
  assert.deepEqual(await owner('4294967296'), { user: named('4294967296') });
});

test('equal inputs are one, except for a merge', async () => {
  const [, exec] = await ops(
    busybox.run('true', { mounts: [{ kind: 'bind', target: '/b', from: busybox, readonly: true }] }),
  );
  assert.equal(exec?.inputs.length, 1);
  const [, merged] = await ops(merge([busybox, busybox]));
  assert.equal(merged?.inputs.length, 2);
});

test('actions can read what other actions of the same vertex made', async () => {
  const made = mkdir('/d').mkfile('/d/f', 'x').on(scratch());
  const [file] = await ops(scratch().file(copy(made, '/d/f', '/g').copy(made, '/d', '/h')));
  assert.deepEqual(
    file?.kind === 'file' && file.actions.map(({ input, secondaryInput, output }) => [input, secondaryInput, output]),
    [
      [-1, -1, -1],
      [0, -1, -1],
      [-1, 1, -1],
      [2, 1, 0],
    ],
  );
});

test('PATH is added for engines that do not add it', async () => {
  const exec = async (...capabilities: string[]) => {
    const [, op] = await ops(busybox.run('true'), { capabilities: new Set(capabilities) });
    return op?.kind === 'exec' && op.meta.env;
  };
  assert.deepEqual(await exec(), ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  assert.deepEqual(await exec('exec.meta.setsdefaultpath'), []);
});

test('IP addresses are written as Go writes them', async () => {
  const ip = async (text: string) => {
    const [, op] = await ops(busybox.extraHost('h', text).run('true'));
    return op?.kind === 'exec' && op.meta.extraHosts[0]?.ip;
  };
  assert.equal(await ip('10.0.0.1'), '10.0.0.1');
  assert.equal(await ip('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  assert.equal(await ip('::ffff:10.1.2.3'), '10.1.2.3');
  await assert.rejects(ip('db'), isInvalid);
});

test('a state that is decided later passes its settings on, once for each platform', async () => {
  const asked: string[] = [];
  const base = image('app', {
    resolveDigest: true,
    resolver: async (reference, { platform }) => {
      asked.push(`${reference} ${platform.architecture}`);
      const config = { os: 'linux', architecture: platform.architecture, config: { Env: ['A=1'], WorkingDir: '/app' } };
      return { reference, digest: digestOf('x'), config };
    },
  });
  const state = base.env('B', '2').dir('sub').run('true');
  await state.marshal(options);
  const [source, exec] = await ops(state);
  assert.equal(
    source?.kind === 'source' && source.identifier,
    `docker-image://docker.io/library/app:latest@${digestOf('x')}`,
  );
  assert.partialDeepStrictEqual(exec, { meta: { env: ['A=1', 'B=2'], cwd: '/app/sub' }, platform: amd64 });
  await state.marshal({ platform: { os: 'linux', architecture: 'arm64' } });
  assert.deepEqual(asked, ['docker.io/library/app:latest amd64', 'docker.io/library/app:latest arm64']);
});

test('an input may be supplied after all that reads it', async () => {
  const paths = new Set<string>();
  const late = suppliedLater(() => local('context', { followPaths: [...paths] }));
  const state = scratch().copy(late, 'a', '/');
  paths.add('a');
  const [source] = await ops(state);
  assert.equal(source?.kind === 'source' && source.attrs.get('local.followpaths'), '["a"]');
});

test('a state that turns out to build on itself is refused', async () => {
  const loop: State = suppliedLater(() => grown);
  const grown = loop.run('true');
  await assert.rejects(grown.marshal(options), isInvalid);
});

test('a failure to decide a state is the failure of every marshalling', async () => {
  const failure = new Error('no such image');
  const state = decidedLater(() => Promise.reject(failure)).run('true');
  await assert.rejects(state.marshal(options), failure);
  await assert.rejects(state.marshal(options), failure);
});

test('a state that was given up is decided anew', async () => {
  const abort = new AbortController();
  let asked = 0;
  const state = decidedLater(({ signal }) => {
    if (asked++ > 0) return busybox;
    return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
  });
  const first = state.marshal({ ...options, signal: abort.signal });
  abort.abort(new Error('stop'));
  await assert.rejects(first, /stop/);
  assert.equal((await ops(state)).length, 1);
});

test('metadata adds up where two nodes become one op', async () => {
  const one = busybox.run('true', { customName: 'one', description: { a: '1' } });
  const two = busybox.run('true', { ignoreCache: true, description: { b: '2' } });
  const { metadata } = await merge([one, two]).marshal({ ...options, description: { all: 'yes' } });
  const [exec] = [...metadata.values()].filter(({ ignoreCache }) => ignoreCache);
  assert.deepEqual(exec?.description, { a: '1', b: '2', all: 'yes', 'llb.customname': 'one' });
});

test('equal texts are one source map', async () => {
  const range = { start: { line: 2, character: 0 }, end: { line: 2, character: 4 } };
  const [a, b] = [0, 1].map(() =>
    sourceMap({ filename: 'Dockerfile', data: 'FROM x\nRUN y\n', language: 'Dockerfile' }),
  );
  const state = busybox.run('a', { location: a!.at(range) }).run('b', { location: [b!.at(range), a!.at()] });
  const { source } = await state.marshal(options);
  assert.equal(source?.infos.length, 1);
  assert.deepEqual(
    [...source!.locations.values()],
    [
      [],
      [{ sourceIndex: 0, ranges: [range] }],
      [
        { sourceIndex: 0, ranges: [range] },
        { sourceIndex: 0, ranges: [] },
      ],
    ],
  );
});

test('only what a mount keeps is a state', () => {
  const state = busybox.run('true', {
    mounts: [
      { kind: 'cache', target: '/c', id: 'c' },
      { kind: 'bind', target: '/n', noOutput: true },
      { kind: 'bind', target: '/r', from: context, readonly: true },
    ],
  });
  assert.equal(state.mount('/r').output, context.output);
  for (const target of ['/c', '/n', '/nowhere']) assert.throws(() => state.mount(target), isInvalid);
});

test('a passthrough hands on what it is told to', async () => {
  const [handed] = passthrough('p', [
    { state: ran, output: false },
    { state: scratch(), output: true },
    { state: busybox, output: true },
  ]);
  const [, , op] = await ops(handed!);
  assert.partialDeepStrictEqual(op, { kind: 'passthrough', id: 'p', outputs: [1] });
  assert.equal((await ops(busybox.requires('wait', ran))).at(-1)?.inputs.length, 2);
});

test('the folder of a client is named by its session, or else by an id', async () => {
  const attrs = async (state: State) => {
    const [op] = await ops(state);
    return op?.kind === 'source' && Object.fromEntries(op.attrs);
  };
  assert.deepEqual(await attrs(local('c', { sessionId: 's' })), { 'local.session': 's' });
  assert.deepEqual(await attrs(local('c', { localUniqueId: 'own' })), { 'local.unique': 'own' });
  const random = await local('c').marshal({ platform: amd64 });
  assert.notDeepEqual(random.ops, (await local('c').marshal({ platform: amd64 })).ops);
});

test('ten thousand vertices in a row and side by side take no time', async () => {
  let chain: State = busybox;
  for (let i = 0; i < 10_000; i++) chain = chain.run(['step', String(i)]);
  const started = process.cpuUsage();
  assert.equal((await chain.marshal(options)).ops.length, 10_002);
  const wide = merge(Array.from({ length: 10_000 }, (_, i) => scratch().mkfile(`/${i}`, '')));
  assert.equal((await wide.marshal(options)).ops.length, 10_002);
  // Far above what it takes, far below what anything quadratic takes.
  // Of this process alone, however busy the machine is.
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 1_500_000, `${user + system} µs`);
});

function isInvalid(error: unknown): boolean {
  return failedOf(error, 'llb-invalid') !== undefined;
}

async function ops(state: State, more: Parameters<State['marshal']>[0] = {}): Promise<readonly Op[]> {
  const { ops } = await state.marshal({ ...options, ...more });
  return ops.slice(0, -1).map((bytes) => {
    const op = unmarshalOp(bytes);
    assert.notEqual(op.kind, 'terminal');
    return op as Op;
  });
}

/** A definition by value, maps in no order. */
function plain({ ops, metadata, source }: Definition) {
  const { inputs } = unmarshalOp(ops.at(-1)!);
  assert.deepEqual(Buffer.from(ops.at(-1)!), Buffer.from(marshalTerminal(inputs[0]!)));
  return { ops: ops.map((op) => Buffer.from(op).toString('hex')), metadata, source };
}
