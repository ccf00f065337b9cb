// On the examples, what the plan foretells is exactly what the build that follows does.

import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { makeExampleBases } from '../rig/bases.ts';
import { startDebianRegistry } from '../rig/debian-registry.ts';
import { projectRoot, Rig } from '../rig/rig.ts';

interface Planned {
  readonly steps: readonly {
    readonly name: string;
    readonly digest: string;
    readonly outlook: 'run' | 'unknown' | 'cached' | 'needless';
    readonly from?: 'local' | 'remote';
    readonly bytesDown?: number;
  }[];
  readonly caches: readonly { readonly type: string; readonly state: string; readonly reason?: string }[];
  readonly totals: Readonly<Record<string, number>>;
}

const config = {
  registries: { 'docker.io': { mirrors: ['../mirror', join(projectRoot, '.bases')] } },
  images: {
    ...Object.fromEntries(['base', 'api', 'web', 'tool', 'release'].map((id) => [id, { context: id }])),
    worker: {
      context: 'worker',
      matrix: { queue: ['mail', 'reports'] },
      args: { QUEUE: '${queue}' },
    },
  },
};

before(makeExampleBases);

async function openExamples(): Promise<Rig> {
  const rig = await Rig.open({ 'buildkit.config.json': JSON.stringify(config) });
  cpSync(join(projectRoot, 'examples/monorepo'), rig.dir, { recursive: true });
  return rig;
}

async function planned(rig: Rig, flags: readonly string[], env = {}): Promise<Planned> {
  return JSON.parse((await rig.ok(['plan', 'all', '--json', ...flags], { env })).stdout) as Planned;
}

/** The steps that a build ran, and those whose result it took from a cache, by digest. */
async function built(rig: Rig, flags: readonly string[], env = {}) {
  const { stdout } = await rig.ok(['build', 'all', '--json', ...flags], { env });
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = (type: string, status?: string) =>
    new Set(events.filter((event) => event['type'] === type && event['status'] === status).map(({ step }) => step));
  const origins = events.flatMap(({ type, step, from }) => (type === 'cache.hit' ? [[step, from] as const] : []));
  return { ran: told('step.end', 'done'), cached: told('cache.hit'), origins: new Map(origins) };
}

/** Plans, builds, and holds one against the other: hits are hits, what is to run runs; gives the plan and what came of the unknown. */
async function agreed(rig: Rig, what: string, flags: readonly string[] = [], env = {}) {
  const plan = await planned(rig, flags, env);
  const { ran, cached, origins } = await built(rig, flags, env);
  const names = (steps: Planned['steps']) => steps.map(({ name }) => name).sort();
  const wrong = {
    'was to be found, and ran': names(
      plan.steps.filter(({ outlook, digest }) => (outlook === 'cached' || outlook === 'needless') && ran.has(digest)),
    ),
    'was to run, and did not': names(plan.steps.filter(({ outlook, digest }) => outlook === 'run' && !ran.has(digest))),
    'was found, and not foretold': names(
      plan.steps.filter(({ outlook, digest }) => (outlook === 'run' || outlook === 'needless') && cached.has(digest)),
    ),
    'was found elsewhere than foretold': names(
      plan.steps.filter(({ digest, from }) => from && origins.has(digest) && origins.get(digest) !== from),
    ),
  };
  assert.deepEqual(Object.values(wrong).flat(), [], `${what}: ${JSON.stringify(wrong)}`);
  const unknown = plan.steps.filter(({ outlook }) => outlook === 'unknown');
  return {
    plan,
    run: names(plan.steps.filter(({ outlook }) => outlook === 'run')),
    unknownThatRan: names(unknown.filter(({ digest }) => ran.has(digest))),
    unknownThatDidNot: names(unknown.filter(({ digest }) => !ran.has(digest))),
  };
}

function edit(rig: Rig, path: string, from: string, to: string): void {
  const text = readFileSync(rig.path(path), 'utf8');
  assert.ok(text.includes(from), `${path} has ${from}`);
  writeFileSync(rig.path(path), text.replace(from, to));
}

/** Makes `FROM busybox` another image than it was. */
async function moveBusybox(rig: Rig): Promise<void> {
  await rig.write({ moved: { Dockerfile: 'FROM busybox\nRUN echo > /moved\n' } });
  const dest = join(rig.root, 'mirror/library/busybox');
  const output = `type=oci,dest=${dest},tar=false,name=busybox:latest`;
  await rig.ok(['build', rig.path('moved'), ...rig.busybox, '-o', output]);
}

test('the plan of the examples is what then happens, for each kind of change', async () => {
  await using rig = await openExamples();
  const write = (path: string, text: string) => writeFileSync(rig.path(path), text);
  await agreed(rig, 'a first build');
  const changes: readonly {
    readonly what: string;
    readonly change?: () => unknown;
    readonly flags?: readonly string[];
    /** Some of what is told to run; nothing is where it is left out. */
    readonly runs?: RegExp;
  }[] = [
    { what: 'nothing' },
    {
      what: 'a file that is copied',
      change: () => appendFileSync(rig.path('web/site/page.html'), '!'),
      runs: /COPY site/,
    },
    { what: 'a file that no step reads', change: () => write('web/notes.txt', 'more') },
    { what: 'a new file', change: () => write('api/src/new.mjs', ''), runs: /COPY src/ },
    { what: 'what was there before', change: () => rmSync(rig.path('api/src/new.mjs')) },
    { what: 'a file that is gone', change: () => rmSync(rig.path('api/src/greeting.test.mjs')), runs: /COPY src/ },
    { what: 'a mode', change: () => chmodSync(rig.path('tool/main.c'), 0o600), runs: /COPY main\.c/ },
    { what: 'an instruction', change: () => edit(rig, 'release/Dockerfile', 'tar -C', 'tar -v -C'), runs: /RUN tar/ },
    { what: 'a comment', change: () => edit(rig, 'base/Dockerfile', '# What', '# That, and what') },
    {
      what: 'an ARG with a default',
      change: () => edit(rig, 'worker/Dockerfile', 'ARG QUEUE', 'ARG QUEUE\nARG LEVEL=1\nRUN echo $LEVEL > /level'),
      runs: /RUN echo \d > .level/,
    },
    {
      what: "an ARG's default",
      change: () => edit(rig, 'worker/Dockerfile', 'LEVEL=1', 'LEVEL=2'),
      runs: /RUN echo \d > .level/,
    },
    { what: 'a --build-arg', flags: ['--build-arg', 'LEVEL=3'], runs: /RUN echo \d > .level/ },
    { what: 'an ignore file', change: () => write('web/.dockerignore', 'site/*.md\nnotes.txt\n') },
    {
      what: 'an ignore file that matters',
      change: () => write('api/.dockerignore', '**/server.mjs\n'),
      runs: /COPY src/,
    },
    {
      what: 'the config',
      change: () => edit(rig, 'buildkit.config.json', '"mail"', '"post","mail"'),
      runs: /"post"/,
    },
    { what: 'a base image that moved', change: () => moveBusybox(rig), runs: /FROM .*busybox/ },
    { what: 'another platform', flags: ['--platform', 'linux/amd64/v2'], runs: /RUN/ },
    { what: 'a cache that was pruned', change: () => rig.ok(['prune', '--all', '--keep-storage', '100MB']), runs: /./ },
  ];
  for (const { what, change, flags = [], runs } of changes) {
    await change?.();
    const { run } = await agreed(rig, what, flags);
    if (runs)
      assert.ok(
        run.some((name) => runs.test(name)),
        `${what}: ${run.join(', ')}`,
      );
    else assert.deepEqual(run, [], what);
  }
  const { totals } = await planned(rig, []);
  assert.deepEqual([totals['run'], totals['unknown']], [0, 0], 'nothing is left to do');
});

test('what is unknown runs if what comes before it gives something else, and does not if it gives the same', async () => {
  await using rig = await openExamples();
  await agreed(rig, 'a first build');
  appendFileSync(rig.path('tool/main.c'), '// no code\n');
  const same = await agreed(rig, 'a comment in C');
  assert.deepEqual(
    same.run.map((name) => name.replace(/^\[.*?\] /, '')),
    ['COPY main.c .', 'RUN gcc -O2 -static -o /tool main.c'],
  );
  assert.ok(same.unknownThatDidNot.some((name) => name.includes('COPY --from=build /tool /tool')));
  assert.deepEqual(same.unknownThatRan, []);
  appendFileSync(rig.path('tool/main.c'), 'int more = 1;\n');
  const other = await agreed(rig, 'more code');
  assert.ok(other.unknownThatRan.some((name) => name.includes('COPY --from=build /tool /tool')));
});

test('what caches elsewhere have is told as theirs, and is not run', async () => {
  await using registry = await startDebianRegistry();
  await using first = await openExamples();
  const folder = join(first.root, 'shared');
  const ref = `${registry.host}/shop:cache`;
  await first.ok(['build', 'all', '--cache-to', `type=local,dest=${folder},mode=max`]);
  await first.ok(['build', 'all', '--cache-to', `type=registry,ref=${ref},mode=max`]);
  for (const [type, from] of [
    ['local', `type=local,src=${folder}`],
    ['registry', ref],
  ] as const) {
    await using second = await openExamples();
    const { plan } = await agreed(second, type, ['--cache-from', from]);
    assert.deepEqual(
      plan.caches.map((cache) => [cache.type, cache.state]),
      [[type, 'open']],
    );
    const { run, unknown, cachedRemote, bytesDown } = plan.totals;
    assert.deepEqual([run, unknown], [0, 0]);
    assert.ok(cachedRemote! > 0 && bytesDown! > 0);
    // What is built on results that are elsewhere is foreseen through them.
    rmSync(second.cacheDir, { recursive: true });
    appendFileSync(second.path('release/Dockerfile'), 'LABEL more=1\n');
    edit(second, 'release/Dockerfile', 'tar -C', 'tar -v -C');
    const { run: names } = await agreed(second, `${type}, and an instruction`, ['--cache-from', from]);
    assert.deepEqual(
      names.map((name) => name.replace(/^\[.*?\] /, '')),
      ['RUN tar -v -C /release -czf release.tar.gz . && sha256sum release.tar.gz > release.sha256'],
    );
  }
});

test('a cache that cannot be asked is unknown, with the reason, and the plan is told all the same', async () => {
  await using rig = await openExamples();
  const flags = ['--cache-from', `type=local,src=${rig.path('none')}`];
  const { caches, totals } = await planned(rig, flags);
  assert.deepEqual(
    caches.map(({ type, state, reason }) => [type, state, reason]),
    [['local', 'unreachable', `there is no ${rig.path('none')}`]],
  );
  assert.ok(totals['run']! > 0 && totals['bytesDown']! > 0 && totals['bytesRead']! > 0);
  const { stdout } = await rig.ok(['plan', 'tool', ...flags]);
  assert.match(stdout, /\nunknown: what local .* has, which can't be asked: there is no /);
  assert.match(stdout, /▸ \[build 1\/4\] FROM .* {2}fetches \d+\.\d MiB\n/);
  await rig.ok(['build', 'tool']);
  // Nobody was needed but this machine.
  assert.deepEqual(
    (await planned(rig, ['--filter', 'tool', ...flags])).caches.map(({ state }) => state),
    ['needless'],
  );
});
