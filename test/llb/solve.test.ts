// Definitions that BuildKit's own client marshalled, solved here: bytes that came from elsewhere, not from our State.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { llb, openEngine, type Event, type LocalEngine } from '@monokit/engine';
import { openSession } from '@monokit/engine/session';
import { recorded } from '../../packages/engine/src/llb/recorded.fixture.ts';
import { contents } from '../rig/changes.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';
import { startAgent } from '../rig/ssh-agent.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const made = recorded('client');
let rig: Rig;
let engine: LocalEngine;

before(async () => {
  rig = await Rig.open({
    context: {
      src: { 'one.txt': '1', x: 'x', 'noise.log': 'noise' },
      'a<b': 'odd',
      unasked: 'no',
    },
    // `make` is what a definition runs; it copies what it sees.
    base: {
      Dockerfile: 'FROM busybox\nCOPY --chmod=755 make /bin/\n',
      make: '#!/bin/sh\ncp -r /src /out/ && date > /cache/used && df /tmp | tail -n 1 > /out/tmp\n',
    },
  });
  await rig.ok([
    'build',
    ...rig.busybox,
    ...['-o', `type=oci,tar=false,dest=${rig.path('mirror/library/busybox')},name=busybox:latest`, './base'],
  ]);
  const registries = { 'docker.io': { mirrors: [rig.path('mirror')] } };
  engine = await openEngine({ cacheDir: join(rig.root, 'engine-cache'), registries });
});

after(async () => {
  await engine[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

interface Solved {
  /** The folder of files that came out. */
  readonly out: string;
  /** What the steps told. */
  readonly told: string;
}

async function solve(name: string, lent: Parameters<typeof openSession>[0] = {}): Promise<Solved> {
  const definition = llb.unmarshalDefinition(Buffer.from(made.get(name)!.definition, 'base64'));
  const out = join(rig.root, 'out', name);
  const archive = `${out}.tar`;
  mkdirSync(out, { recursive: true });
  await using session = openSession({ folders: { context: { root: rig.path('context') } }, ...lent });
  const events: Event[] = [];
  const work = { signal: new AbortController().signal, report: (event: Event) => void events.push(event) };
  const defined = await engine.define(
    {
      id: name,
      source: { kind: 'definition', images: [{ platform, definition }] },
      session,
      exports: [{ type: 'tar', attrs: {}, destination: { kind: 'file', path: archive } }],
      entitlements: ['network.host', 'security.insecure'],
      cacheFrom: [],
      cacheTo: [],
    },
    work,
  );
  await using build = engine.open(work);
  await build.solve([defined])[0]!;
  await program('tar', ['-xpf', archive, '--numeric-owner', '-C', out]);
  return {
    out,
    told: events.map((event) => (event.kind === 'log' ? Buffer.from(event.data).toString() : '')).join(''),
  };
}

test('images and runs on them give the whole tree', async () => {
  for (const name of ['image', 'merge-one', 'diff-scratch', 'run-proxy', 'run-network']) {
    const { out } = await solve(name);
    assert.equal(existsSync(join(out, 'bin/make')), true, name);
    assert.equal(readFileSync(join(out, 'etc/passwd'), 'utf8').split(':')[0], 'root', name);
  }
  assert.equal((await solve('run')).told, '3\n');
  assert.equal((await solve('run-shlex')).told, 'a b c\n');
  for (const path of ['bin/make', 'a', 'b', 'c']) {
    assert.equal(existsSync(join((await solve('diamond')).out, path)), ['b', 'c'].includes(path), path);
  }
});

test('a local folder is cut to what is asked of it', async () => {
  assert.deepEqual(contents((await solve('local')).out), { 'a<b': 'odd', src: { 'one.txt': '1', x: 'x' } });
});

test('files are made, copied and removed as the actions say', async () => {
  const mkdir = statSync(join((await solve('mkdir')).out, 'a/b'));
  assert.deepEqual([mkdir.mode & 0o7777, mkdir.uid, mkdir.gid], [0o750, 1, 2]);
  const copied = (await solve('copy')).out;
  assert.deepEqual(contents(join(copied, 'dst')), { 'one.txt': '1' });
  const { uid, gid } = statSync(join(copied, 'dst/one.txt'));
  assert.deepEqual([uid, gid], [65534, 100]);
  const two = contents((await solve('copy-two')).out);
  assert.deepEqual(two, { s: { src: { 'one.txt': '1', x: 'x' } }, sh: '-> busybox' });
});

test('merges and differences keep what they should', async () => {
  const merged = (await solve('merge')).out;
  assert.equal(readFileSync(join(merged, 'm'), 'utf8'), '');
  for (const path of ['work', 'bin/make']) assert.equal(existsSync(join(merged, path)), true, path);
  assert.deepEqual(contents((await solve('diff')).out), { work: {} });
});

test('mounts are there for the run, and what one of them kept comes out', async () => {
  const { out } = await solve('run-mounts');
  assert.deepEqual(contents(join(out, 'src')), { 'a<b': 'odd', src: { 'one.txt': '1', x: 'x' } });
  assert.match(readFileSync(join(out, 'tmp'), 'utf8'), /^tmpfs +1024 /);
  assert.equal(existsSync(join(out, 'cache')), false);
});

test('secrets and ssh agents are lent by the session, and missed when it has none', async () => {
  await assert.rejects(solve('run-secret-ssh'), /tok|ssh/);
  await using agent = await startAgent();
  await solve('run-secret-ssh', {
    secrets: [{ kind: 'env', id: 'tok', variable: 'TOKEN' }],
    ssh: [{ kind: 'agent', id: 'default', socket: agent.socket }],
    env: { TOKEN: 'word' },
  });
});

test('a limit that leaves no room for a runtime is told as what stands in the way', async () => {
  await assert.rejects(solve('run-hosts'), /too many open files/);
});

test('what ignores the cache runs again, and what does not does not', async () => {
  assert.match((await solve('run-ignorecache')).told, /\d/);
  assert.match((await solve('run-ignorecache')).told, /\d/);
  await solve('diff');
  assert.equal((await solve('run')).told, '', 'it ran for the difference');
});
