// Images in TypeScript, by the engine's own door: no Dockerfile, no command line.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { llb, openEngine, run, type ExportRequest, type RunEvent, type SolveRequest } from '@monokit/engine';
import { openSession } from '@monokit/engine/session';
import { busyboxLayout } from '../rig/bases.ts';
import { program } from '../rig/program.ts';
import { Rig } from '../rig/rig.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const platform = { os: 'linux', architecture };
/** An OCI layout stands in for the registry. */
const registries = { 'docker.io': { mirrors: [busyboxLayout()] } };

test('an image of States that share a stage is built, exported and read by skopeo', async () => {
  await using rig = await Rig.open({ context: { 'main.txt': 'main' } });
  await using engine = await openEngine({ cacheDir: rig.cacheDir, registries });
  await using session = openSession({ folders: { context: { root: rig.path('context') } } });

  const base = llb.image('busybox');
  const tools = base.run(['sh', '-c', 'echo tool > /tool && echo $WHAT >> /tool'], { env: { WHAT: 'shared' } });
  const built = tools.run('sh -c "cat /src/main.txt /tool > /out/app"', {
    mounts: [
      { kind: 'bind', target: '/src', from: llb.local('context'), readonly: true },
      { kind: 'bind', target: '/out' },
      { kind: 'tmpfs', target: '/tmp' },
    ],
  });
  const notes = llb.scratch().mkdir('/notes').mkfile('/notes/one', 'made', { mode: 0o600 });
  const image = llb.merge([base, notes]).copy(built.mount('/out'), '/app', '/bin/app');

  const archive = rig.path('app.tar');
  const exports: ExportRequest[] = [
    { type: 'oci', attrs: { name: 'app:v1' }, destination: { kind: 'file', path: archive } },
    { type: 'local', attrs: {}, destination: { kind: 'folder', path: rig.path('out') } },
  ];
  const request = {
    id: 'app',
    source: {
      kind: 'definition' as const,
      images: [
        {
          platform,
          definition: await image.marshal({ platform }),
          config: { ...platform, config: { Cmd: ['cat', '/bin/app'], Labels: { made: 'in TypeScript' } } },
        },
      ],
    },
    session,
    exports,
    entitlements: [],
    cacheFrom: [],
    cacheTo: [],
  } satisfies SolveRequest;
  const events: RunEvent[] = [];
  const signal = new AbortController().signal;
  const report = (event: RunEvent) => void events.push(event);
  const once = () => run(engine, [{ request, names: [] }], { signal, report, continue: 'never' });
  const [result] = await once();
  assert.match(result!.response!.digest!, /^sha256:/);
  assert.equal(readFileSync(join(rig.path('out'), 'bin/app'), 'utf8'), 'maintool\nshared\n');
  assert.equal(readFileSync(join(rig.path('out'), 'notes/one'), 'utf8'), 'made');
  const inspected = await program('skopeo', ['--tmpdir', rig.root, 'inspect', `oci-archive:${archive}:v1`]);
  assert.equal((JSON.parse(inspected) as { Labels: Record<string, string> }).Labels['made'], 'in TypeScript');

  const started = () => {
    const names = new Map(
      events.map((event) => (event.kind === 'vertex-known' ? [event.vertex, event.name] : ['', ''])),
    );
    return events.flatMap((event) => (event.kind === 'vertex-started' ? (names.get(event.vertex) ?? []) : []));
  };
  assert.equal(started().filter((name) => name.startsWith('sh -c')).length, 2);
  events.length = 0;
  await once();
  assert.deepEqual(started(), ['local://context'], 'the second time the folder is looked at, and nothing runs');
});

test('a mistake in a graph is told before anything runs', async () => {
  await assert.rejects(
    llb
      .scratch()
      .run(['true'])
      .marshal({ platform })
      .then(async (definition) => {
        await using rig = await Rig.open();
        await using engine = await openEngine({ cacheDir: rig.cacheDir, registries });
        await using session = openSession({});
        const work = { signal: new AbortController().signal, report: () => {} };
        const source = { kind: 'definition', images: [{ platform, definition }] } as const;
        const request = { id: 'a', source, session, exports: [], entitlements: [], cacheFrom: [], cacheTo: [] };
        await using build = engine.open(work);
        await build.solve([await engine.define(request, work)])[0]!;
      }),
    /true/,
  );
});
