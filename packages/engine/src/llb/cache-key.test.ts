import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { failedOf } from '../std/failed.ts';
import { opKey, sourceKey } from './cache-key.ts';
import { outermost } from './content-selector.ts';
import { unmarshalDefinition } from './definition.ts';
import type { ExecOp } from './exec.ts';
import { copy, mkdir, rm, type FileActions } from './file-actions.ts';
import { loadDefinition } from './load.ts';
import { unmarshalOp, type Op } from './op.ts';
import { recorded, recordedKeys } from './recorded.fixture.ts';
import type { BindMountOption, RunOptions } from './run.ts';
import type { SourceOp } from './source.ts';
import { image, local } from './sources.ts';
import { scratch, type State } from './state.ts';

type KeyedOp = Exclude<Op, SourceOp>;

/** What the command line of a case adds to its Dockerfile's ops; the recorded definitions know nothing of it. */
const flags: Readonly<Record<string, (op: ExecOp) => ExecOp>> = {
  'network-none-flag': (op) => ({ ...op, network: 'none' }),
  'run-shm-and-ulimit': (op) => ({
    ...op,
    meta: { ...op.meta, ulimits: [{ name: 'nofile', soft: 123n, hard: 456n }] },
    mounts: [
      ...op.mounts,
      {
        kind: 'tmpfs',
        input: -1,
        dest: '/dev/shm',
        selector: '',
        output: -1,
        size: 16 << 20,
        readonly: false,
        contentCache: 'default',
        resultId: '',
      },
    ],
  }),
};

test('BuildKit’s caches have a record under the key of every op, with its selectors', () => {
  const definitions = recorded('dockerfiles');
  let found = 0;
  for (const [name, records] of recordedKeys()) {
    const { definition } = definitions.get(name)!;
    const vertices = loadDefinition(unmarshalDefinition(Buffer.from(definition, 'base64')))?.vertices.values() ?? [];
    const ops = [...vertices].flatMap(({ op }) => (op.kind === 'source' ? [] : op));
    const keys = ops.map((op) => opKey(op.kind === 'exec' ? (flags[name]?.(op) ?? op) : op));
    ops.forEach((op, i) => {
      const { digest, deps } = keys[i]!;
      const record = records.find((record) => record.digest === digestOf(`${digest}@0`));
      assert.ok(
        record,
        `${name}: ${op.kind} ${JSON.stringify(op, (_, value) => (typeof value === 'bigint' ? Number(value) : value))}`,
      );
      const inputs = record.inputs ?? [];
      assert.equal(inputs.length, deps.length, name);
      // Ops that differ in nothing but what they select share one record.
      const equal = keys.filter((other) => other.digest === digest);
      inputs.forEach((links, input) => {
        const selectors = new Set(equal.map((other) => other.deps[input]?.selector));
        for (const { selector } of links) {
          if (selector) assert.ok(selectors.has(selector as `sha256:${string}`), `${name}: ${selector}`);
        }
      });
      found++;
    });
  }
  assert.equal(found, 302);
});

test('what a result does not depend on is not in the key of a run', async () => {
  const plain = await keyOf({});
  assert.equal(await keyOf({ proxyEnv: { httpProxy: 'p' } }), plain);
  assert.equal(await keyOf({ ignoreCache: true, linuxResources: { memory: 1 } }), plain);
  const hosts = await keyOf({ extraHosts: [{ host: 'db', ip: '10.0.0.1' }] });
  assert.notEqual(hosts, plain);
  assert.equal(await keyOf({ extraHosts: [{ host: 'db', ip: '10.0.0.2' }] }), hosts);
  assert.notEqual(await keyOf({ env: { A: '1' } }), plain);
  assert.notEqual(await keyOf({ network: 'none' }), plain);
  assert.notEqual(await keyOf({ platform: { os: 'linux', architecture: 'arm64' } }), plain);
  assert.equal(
    await keyOf({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }),
    await keyOf({ platform: { os: 'linux', architecture: 'arm64' } }),
  );
});

test('a cache mount is keyed by where it is, unless its id is the frontend’s own', async () => {
  const cache = (id: string, sharing?: 'locked') =>
    keyOf({ mounts: [{ kind: 'cache', target: '/c', id, ...(sharing && { sharing }) }] });
  assert.equal(await cache('one'), await cache('two', 'locked'));
  assert.notEqual(await cache('/c'), await cache('one'));
  assert.notEqual(await cache('ns//c'), await cache('one'));
  assert.equal(await cache('/c', 'locked'), await cache('one'));
});

test('a mount counts by content where nothing unseen can reach the result', async () => {
  const whole: readonly [] = [];
  const at = (path: string) => [{ path, followLinks: true }];
  const table: readonly (readonly [Partial<BindMountOption>, readonly unknown[] | undefined])[] = [
    [{ readonly: true }, whole],
    [{ readonly: true, sourcePath: 'a/../b' }, at('/b')],
    [{ noOutput: true, sourcePath: '/b' }, at('/b')],
    [{}, whole],
    [{ sourcePath: '/b' }, undefined],
    [{ readonly: true, contentCache: 'off' }, undefined],
    [{ readonly: true, sourcePath: 'b', contentCache: 'on' }, at('/b')],
  ];
  for (const [mount, wanted] of table) {
    const op = await exec({ mounts: [{ kind: 'bind', target: '/m', from: local('c'), ...mount }] });
    const [root, dep] = opKey(op).deps;
    assert.deepEqual(root, { selector: digestOf('/') });
    assert.deepEqual(dep?.content, wanted, JSON.stringify(mount));
  }
  const unsafe = await exec({
    mounts: [{ kind: 'bind', target: '/m', from: local('c'), sourcePath: 'b', contentCache: 'on' }],
  });
  assert.throws(
    () => opKey(unsafe),
    (error) => failedOf(error, 'llb-invalid') !== undefined,
  );
});

test('several mounts of one input select together', async () => {
  const mount = (target: string, sourcePath: string) =>
    ({ kind: 'bind', target, from: local('c'), readonly: true, sourcePath }) as const;
  const op = await exec({ mounts: [mount('/1', 'b'), mount('/2', 'a/x'), mount('/3', 'a'), mount('/4', 'ab')] });
  const [, dep] = opKey(op).deps;
  assert.equal(dep?.selector, digestOf('/b\0/a/x\0/a\0/ab'));
  assert.deepEqual(
    dep.content,
    ['/a', '/ab', '/b'].map((path) => ({ path, followLinks: true })),
  );
});

test('of paths in each other the outermost are left', () => {
  assert.deepEqual(outermost(['/b/c', '/b', '/b c', '/b.d', '/a/', '/a/x', '/b/c/d', '/b']), [
    '/a/',
    '/b',
    '/b c',
    '/b.d',
  ]);
  assert.deepEqual(outermost(['/x', '/', '/y/z']), ['/']);
  const deep = '/a'.repeat(500_000);
  assert.deepEqual(outermost([deep, `${deep}/b`]), [deep]);
});

test('a copy counts by the content of what it reads, and by its name', async () => {
  const context = local('c');
  const first = await file(image('b'), copy(context, '/x/f', '/'));
  const second = await file(image('b'), copy(context, '/y/f', '/'));
  assert.equal(opKey(first).digest, opKey(second).digest);
  assert.notEqual(opKey(first).digest, opKey(await file(image('b'), copy(context, '/x/g', '/'))).digest);
  assert.deepEqual(opKey(first).deps, [{}, { selector: digestOf('/x/f'), content: [{ path: '/x/f' }] }]);
});

test('copies of one input select together, patterns for themselves', async () => {
  const context = local('c');
  const actions = copy(context, '/a/b', '/')
    .copy(context, '/a', '/', { followSymlinks: true })
    .copy(context, '/a/*', '/', { allowWildcard: true })
    .copy(context, '/plain', '/', { allowWildcard: true })
    .copy(context, '/d', '/', { exclude: ['x'] });
  const [, dep] = opKey(await file(image('b'), actions)).deps;
  assert.equal(dep?.selector, digestOf(['/plain', '/d', '/a/b', '/a/*', '/a'].join('\0')));
  assert.deepEqual(dep.content, [
    { path: '/a', followLinks: true },
    { path: '/a/*', wildcard: true },
    { path: '/a/b' },
    { path: '/d', exclude: ['x'] },
    { path: '/plain' },
  ]);
});

test('an input that is changed as well counts as a whole', async () => {
  const base = image('b');
  assert.deepEqual(opKey(await file(base, copy(base, '/f', '/g', { owner: 'app' }))).deps, [{}]);
});

test('names of owners count by the files that they are looked up in', async () => {
  const base = local('names');
  const op = await file(base, mkdir('/d'));
  const owned: Op & { readonly kind: 'file' } = {
    ...op,
    inputs: [...op.inputs, { digest: digestOf('x'), index: 0 }],
    actions: op.actions.map((action) => ({
      ...action,
      owner: { user: { kind: 'name', name: 'u', input: 1 }, group: { kind: 'name', name: 'g', input: 1 } },
    })),
  };
  assert.deepEqual(opKey(owned).deps[1], {
    selector: digestOf('/etc/passwd\0/etc/group'),
    content: [
      { path: '/etc/group', followLinks: true },
      { path: '/etc/passwd', followLinks: true },
    ],
  });
});

test('the places of actions are in the key unless they are the usual ones', async () => {
  const usual = await file(image('b'), rm('/a').rm('/b'));
  const other = { ...usual, actions: usual.actions.map((action) => ({ ...action, input: 0 })) };
  assert.notEqual(opKey(usual).digest, opKey(other).digest);
});

test('a source is keyed by what it finds', () => {
  assert.equal(sourceKey('abc'), digestOf('buildkit.source.v0:abc'));
});

async function keyOf(options: RunOptions): Promise<string> {
  return opKey(await exec(options)).digest;
}

async function exec(options: RunOptions): Promise<ExecOp> {
  return (await last(image('b').run('true', options))) as ExecOp;
}

async function file(base: State, actions: FileActions) {
  return (await last(base.file(actions))) as Op & { readonly kind: 'file' };
}

async function last(state: State): Promise<KeyedOp> {
  const { ops } = await scratch()
    .withOutput(state.output)
    .marshal({ platform: { os: 'linux', architecture: 'amd64' }, localUniqueId: 'x' });
  const op = unmarshalOp(ops.at(-2)!);
  assert.ok(op.kind !== 'terminal' && op.kind !== 'source');
  return op;
}
