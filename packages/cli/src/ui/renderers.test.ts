import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { openJson } from './json.ts';
import { emptyModel } from './model.ts';
import { openPlain } from './plain.ts';
import { Pulse } from './pulse.ts';
import { openQuiet } from './quiet.ts';
import { began, built, cached, compile, failed, memoryStream, start } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';
import type { Renderer, RunStart, Screen } from './renderer.ts';
import { openUpToDate } from './up-to-date.ts';

/** What a renderer writes for a run, to standard output and to standard error. */
function shown(
  open: (start: RunStart, screen: Screen) => Renderer,
  events: readonly RunEvent[],
  { env = {}, ...changes }: Partial<RunStart> & { readonly env?: NodeJS.ProcessEnv } = {},
): { readonly stdout: string; readonly stderr: string } {
  const [stdout, stderr] = [memoryStream(), memoryStream()];
  using renderer = open({ ...start, ...changes }, { stdout, stderr, env });
  for (const event of events) renderer.report(event);
  renderer.finish({ code: 0, endedAt: began + 2500 });
  return { stdout: stdout.text, stderr: stderr.text };
}

test('plain tells of steps that run, what they write, and images when they are done', () => {
  const { stdout, stderr } = shown(openPlain, built);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    `2 images, 1 stage, 4 steps (2 shared)
#1 api +1 [build 2/3] RUN make
#1 0.100 cc -o app
#1 0.500 linking
#1 1.200 done
#1 DONE 1.2s
#2 api [build 3/3] RUN make test
#3 web [2/2] COPY --from=api /out /
#3 DONE 39ms
✔ web  2 steps, 1 shared  1.3s  3.0 MiB  sha256:777777777777
#2 DONE 1.0s
✔ api  2 steps, 1 shared  2.4s  118.3 MiB  sha256:616161616161

 Images:  2 built, 2 total
  Steps:  3 run, 2 shared, 1 cached
 Shared:  1 step ran once instead of 2 times, 1.2s saved
  Cache:  25% hit · 14.2 KiB stored
   Time:  2.5s
`,
  );
});

test('what is told of a kept answer is what plain tells of its run', () => {
  const told: Partial<RunStart> = { facts: { times: () => ({ saved: 118_000 }), record: () => ({ id: 'r1' }) } };
  assert.deepEqual(shown(openUpToDate, cached, told), shown(openPlain, cached, told));
  const alone = cached.filter((event) => event.kind !== 'task-completed' || event.task === 'api');
  const one = { ...told, ids: ['api'], env: { LANG: 'C' } };
  assert.deepEqual(shown(openUpToDate, alone, one), shown(openPlain, alone, one));
  assert.match(shown(openUpToDate, alone, one).stderr, /^c api  .*sha256:/);
});

test('a run in which nothing had to be done takes five lines', () => {
  assert.equal(
    shown(openPlain, cached).stderr,
    `⚡ 2 images up to date (4 steps)
 Images:  2 cached, 2 total
  Steps:  0 run, 2 shared, 4 cached
  Cache:  100% hit
   Time:  2.5s  ▰▰▰▰▰ ALL CACHED
`,
  );
});

test('a failure is told once, with whose it is, its last forty lines and who is blocked', () => {
  const lines = shown(openPlain, failed).stderr.split('\n');
  const block = lines.slice(lines.indexOf('✖ api  [build 2/3] RUN make   exit 2 after 800ms'));
  assert.deepEqual(block.slice(0, 6), [
    '✖ api  [build 2/3] RUN make   exit 2 after 800ms',
    '',
    '  /src/api/Dockerfile:2',
    '',
    '  … last 40 of 50 lines',
    '   line 11',
  ]);
  assert.deepEqual(block.slice(44), [
    '   line 50',
    '',
    '  error: process "/bin/sh -c make" did not complete successfully: exit code: 2',
    '  blocked: web',
    '  retry:   cli build api',
    '',
    ' Images:  1 failed, 1 blocked, 2 total',
    '  Steps:  1 run, 2 shared, 1 cached',
    '  Cache:  50% hit',
    '   Time:  2.5s',
    ' Failed:  api#build:2 (exit 2)',
    '',
  ]);
});

test('signs are ASCII where the locale is not UTF-8', () => {
  const { stderr } = shown(openPlain, [...built, ...failed.slice(-2)], { env: { LANG: 'C' } });
  assert.match(stderr, /^ok web {2}2 steps, 1 shared {2}1\.3s/m);
  assert.match(stderr, /^x api/m);
  assert.doesNotMatch(stderr, /[^\p{ASCII}]/u);
});

test('verbose tells of cached steps and of what is internal', () => {
  const { stderr } = shown(openPlain, built, { verbose: true });
  assert.match(stderr, /^#1 api \[internal\] load build context\n#1 DONE 4ms\n#2 CACHED \[build 1\/3\]/m);
});

test('quiet writes ids and digests, and failures beside them', () => {
  const { stdout, stderr } = shown(openQuiet, built);
  assert.equal(stdout, `web\tsha256:${'77'.repeat(32)}\napi\tsha256:${'61'.repeat(32)}\n`);
  assert.equal(stderr, '');
  const names = new Map([['web', 'acme/web:1']]);
  assert.match(shown(openQuiet, built, { names }).stdout, /^web\tacme\/web:1@sha256:77[^]*\napi\tsha256:61/);
  assert.match(shown(openQuiet, failed).stderr, /exit code: 2/);
});

test('json writes an object a line, each with version, time and type', () => {
  const { stdout, stderr } = shown(openJson, built);
  assert.equal(stderr, '');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { v, ts } of lines) assert.ok(v === 1 && /^2026-01-02T03:04:0\d\.\d{3}Z$/.test(String(ts)));
  assert.deepEqual(
    lines.map(({ type }) => type),
    [
      ...['run.start', 'image.start', 'image.start', 'plan', 'step.start', 'step.end', 'cache.hit', 'step.start'],
      ...['step.log', 'step.log', 'step.made', 'step.end', 'step.start', 'step.start', 'step.made', 'step.end'],
      ...['image.end', 'step.end', 'image.end', 'run.end'],
    ],
  );
  assert.deepEqual(lines.at(-2), {
    v: 1,
    ts: '2026-01-02T03:04:07.400Z',
    type: 'image.end',
    image: 'api',
    status: 'built',
    digest: `sha256:${'61'.repeat(32)}`,
    size: 124_000_000,
  });
  assert.deepEqual(lines.at(-1), {
    v: 1,
    ts: '2026-01-02T03:04:07.500Z',
    type: 'run.end',
    code: 0,
    ms: 2500,
    steps: { run: 3, cached: 1, fetched: 0, shared: 2, total: 4 },
    sharing: { ran: 1, uses: 2, saved: 1200 },
  });
});

test('a step that waits for another build says so', () => {
  const waits: RunEvent = { kind: 'vertex-waiting', vertex: compile, at: began };
  const steps = [
    ...[cached[0]!, waits]
      .reduce(reduce, emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() }))
      .steps.values(),
  ];
  const pulse = new Pulse();
  assert.deepEqual(pulse.beat(steps, began + 900), []);
  assert.deepEqual(pulse.beat(steps, began + 1100), [
    'waiting for another build that is at api [build 2/3] RUN make 1s',
  ]);
  assert.deepEqual(pulse.beat(steps, began + 31_000), []);
  assert.deepEqual(pulse.beat(steps, began + 31_200), [
    'waiting for another build that is at api [build 2/3] RUN make 31s',
  ]);
});

test('a step that says nothing gives a sign of life each half minute', () => {
  const model = built
    .slice(0, 7)
    .reduce(reduce, emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() }));
  const steps = [...model.steps.values()];
  const pulse = new Pulse();
  assert.deepEqual(pulse.beat(steps, began + 29_000), []);
  assert.deepEqual(pulse.beat(steps, began + 30_100), ['still running api [build 2/3] RUN make 30s']);
  assert.deepEqual(pulse.beat(steps, began + 59_000), []);
  pulse.heard(compile, began + 60_000);
  assert.deepEqual(pulse.beat(steps, began + 61_000), []);
  assert.deepEqual(pulse.beat(steps, began + 90_100), ['still running api [build 2/3] RUN make 90s']);
});

test('what came from a remote cache has its own sign, and is counted', () => {
  const remote = cached.map((event) =>
    event.kind === 'vertex-cached' ? { ...event, from: 'remote' as const } : event,
  );
  const { stderr } = shown(openPlain, remote, { verbose: true });
  assert.match(stderr, /^☁ api {2}/m);
  assert.match(stderr, /^ {2}Cache: {2}100% hit · [1-9] from remote$/m);
});
