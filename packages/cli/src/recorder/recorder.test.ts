import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { Stopped } from '../mistake.ts';
import { linesOf } from '../runs/logs.ts';
import { modelOf } from '../runs/model-of.ts';
import { newRunId } from '../runs/run-id.ts';
import { RunsFolder } from '../runs/runs-folder.ts';
import { failuresOf } from '../ui/failures.ts';
import { began, built, cached, compile, copy, failed, start, test as testing } from '../ui/recorded.fixture.ts';
import { screenStream } from '../ui/screen.fixture.ts';
import { summary } from '../ui/summary.ts';
import { Recorder } from './recorder.ts';
import type { RunBegin } from './run-begin.ts';

const scratch = mkdtempSync(join(tmpdir(), 'monokit-runs-'));
after(() => rmSync(scratch, { recursive: true }));
let folders = 0;

function recorder(change: Partial<RunBegin> = {}) {
  const warnings: string[] = [];
  const path = join(scratch, String(folders++));
  const made = new Recorder({
    path,
    command: ['build', 'all'],
    root: scratch,
    cache: join(scratch, 'cache'),
    requests: start.ids.map((id) => ({ id, source: { kind: 'frontend', frontend: 'dockerfile.v0', options: {} } })),
    folders: start.folders,
    startedAt: began,
    env: process.env,
    monokit: '1.2.3',
    keeps: 'every',
    signal: new AbortController().signal,
    warn: (message) => warnings.push(message),
    ...change,
  });
  const folder = new RunsFolder(change.path ?? path);
  const tell = (events: readonly RunEvent[]) => events.forEach((event) => made.report(event));
  return { made, folder, tell, warnings, path };
}

const end = (code: number) => ({ code, endedAt: began + 3000 });

test('a run is written down: images, steps with their owners and times, logs', async () => {
  const { made, folder, tell, warnings } = recorder();
  tell(built);
  await made.finish(end(0));
  assert.deepEqual(folder.ids(), [made.id]);
  const record = folder.read(made.id)!;
  const { images, steps, command, monokit, code, endedAt } = record;
  assert.deepEqual({ command, monokit, code, endedAt }, { command: ['build', 'all'], monokit: '1.2.3', ...end(0) });
  assert.deepEqual(
    images.map(({ id, status, size }) => [id, status, size]),
    [
      ['api', 'built', 124_000_000],
      ['web', 'built', 3 << 20],
    ],
  );
  const step = steps.find(({ vertex }) => vertex === compile)!;
  assert.deepEqual(step, {
    vertex: compile,
    name: '[build 2/3] RUN make',
    inputs: step.inputs,
    wantedBy: ['api', 'web'],
    uses: 2,
    image: 'api',
    source: { file: 'Dockerfile', folder: '/src/api', lines: [2, 2] },
    status: 'run',
    startedAt: began + 100,
    endedAt: began + 1300,
    made: 14_000,
    log: { pieces: [[0, 22]], length: 22, lines: 3 },
  });
  assert.deepEqual([...linesOf(step.log!, folder.logPath(made.id))], ['cc -o app', 'linking', 'done']);
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  assert.equal(statSync(folder.recordPath(made.id)).mode & 0o777, 0o600);
  assert.equal(statSync(folder.logPath(made.id)).mode & 0o777, 0o600);
  assert.deepEqual(warnings, []);
});

test('what nothing asked for is needless; a run that did nothing has no log, and a watch does not keep it', async () => {
  const { made, folder, tell } = recorder();
  tell(cached);
  await made.finish(end(0));
  const { steps, images } = folder.read(made.id)!;
  const statuses = steps.map(({ status }) => status).join(' ');
  assert.equal(statuses, 'needless needless needless cached cached');
  assert.deepEqual(new Set(images.map(({ status }) => status)), new Set(['cached']));
  assert.ok(!existsSync(folder.logPath(made.id)));

  const watching = recorder({ keeps: 'worked' });
  watching.tell(cached);
  await watching.made.finish(end(0));
  assert.deepEqual(watching.folder.ids(), []);

  // What is beside the graph writes, too, but that alone is no work.
  const chatty = recorder({ keeps: 'worked' });
  chatty.tell(cached);
  chatty.made.report({ kind: 'log', vertex: testing, stream: 'stderr', data: Buffer.from('hm'), at: began });
  assert.equal(chatty.folder.ids().length, 1);
  await chatty.made.finish(end(0));
  assert.deepEqual(readdirSync(chatty.path), []);
});

test('a failure is kept once, with whom it blocks and its exit code', async () => {
  const { made, folder, tell } = recorder();
  tell(failed);
  await made.finish(end(1));
  const { failures, code, images, steps } = folder.read(made.id)!;
  assert.equal(code, 1);
  assert.equal(failures.length, 1);
  const { images: own, blocked, step, exitCode, message } = failures[0]!;
  assert.deepEqual({ own, blocked, step, exitCode }, { own: ['api'], blocked: ['web'], step: compile, exitCode: 2 });
  assert.match(message, /exit code: 2/);
  assert.deepEqual(
    images.map(({ id, status, because }) => [id, status, because]),
    [
      ['api', 'failed', undefined],
      ['web', 'blocked', 'api'],
    ],
  );
  const of = (digest: string) => steps.find(({ vertex }) => vertex === digest)!.status;
  assert.deepEqual([of(compile), of(testing), of(copy)], ['failed', 'cancelled', 'cancelled']);
});

test('who depends on what failed is blocked, who was only given up is cancelled, and the words of it come back', async () => {
  const ids = ['api', 'web', 'tests', 'report', 'docs'];
  const { made, folder, tell } = recorder({
    requests: ids.map((id) => ({ id, source: { kind: 'frontend', frontend: 'dockerfile.v0', options: {} } })),
  });
  tell(failed);
  tell([
    { kind: 'task-blocked', task: 'tests', because: 'web', at: began },
    { kind: 'task-blocked', task: 'report', because: 'tests', at: began },
    { kind: 'task-cancelled', task: 'docs', at: began },
  ]);
  await made.finish(end(1));
  const record = folder.read(made.id)!;
  assert.deepEqual(
    record.images.map(({ id, status, because }) => [id, status, because]),
    [
      ['api', 'failed', undefined],
      ['web', 'blocked', 'api'],
      ['tests', 'blocked', 'web'],
      ['report', 'blocked', 'tests'],
      ['docs', 'cancelled', undefined],
    ],
  );
  assert.deepEqual(record.failures[0]!.blocked, ['web', 'tests', 'report']);
  const text = summary(modelOf(record), { ...start, ids }, end(1), { stream: screenStream(), env: {} });
  assert.match(text, /Images:.* {2}1 failed, 3 blocked, 1 cancelled, 5 total/);
  const circle = record.images.map((image) =>
    image.status === 'blocked' ? { ...image, because: image.id === 'web' ? 'report' : image.because! } : image,
  );
  assert.equal(failuresOf(modelOf({ ...record, images: circle })).length, 1, 'a record that others wrote');
});

test('a stopped run says so, and a run that nobody finished is written when it is let go', async () => {
  const controller = new AbortController();
  const { made, folder, tell } = recorder({ signal: controller.signal });
  tell(built.slice(0, 8));
  controller.abort(new Stopped('SIGTERM'));
  await made[Symbol.asyncDispose]();
  const { code, steps } = folder.read(made.id)!;
  assert.equal(code, 143);
  assert.equal(steps.find(({ vertex }) => vertex === compile)!.status, 'cancelled');
});

test('while it runs there is a record without an end, and its log grows', async () => {
  const { made, folder, tell } = recorder();
  tell(built.slice(0, 3));
  assert.deepEqual(folder.ids(), [], 'nothing has run');
  tell(built.slice(3, 9));
  const open = folder.read(made.id)!;
  assert.equal(open.endedAt, undefined);
  assert.equal(open.code, undefined);
  made.report({ kind: 'log', vertex: compile, stream: 'stdout', data: Buffer.alloc(70_000, 'x'), at: began });
  assert.ok(statSync(folder.logPath(made.id)).size >= 70_000, 'a large piece is written at once');
  await made.finish(end(0));
});

test('steps that write at the same time keep their own bytes', async () => {
  const { made, folder, tell } = recorder();
  tell(built.slice(0, 7));
  const texts = new Map<typeof compile, string>();
  for (let i = 0; i < 3000; i++) {
    const vertex = [compile, copy, testing][i % 3]!;
    const line = `${vertex.slice(7, 9)} ${'é'.repeat(i % 200)} ${i}\n`;
    texts.set(vertex, (texts.get(vertex) ?? '') + line);
    made.report({ kind: 'log', vertex, stream: 'stdout', data: Buffer.from(line), at: began });
  }
  await made.finish(end(0));
  const { steps } = folder.read(made.id)!;
  for (const [vertex, text] of texts) {
    const { log } = steps.find((step) => step.vertex === vertex)!;
    assert.equal(`${[...linesOf(log!, folder.logPath(made.id))].join('\n')}\n`, text);
    assert.deepEqual([log!.length, log!.lines], [Buffer.byteLength(text), 1000]);
    assert.ok(log!.pieces.length < 20, `${log!.pieces.length} pieces`);
  }
});

test('a step that is run again counts its retries, and one that waited for another build or in line how long', async () => {
  const { made, folder, tell } = recorder();
  tell(built.slice(0, 6));
  tell([
    { kind: 'vertex-waiting', vertex: compile, at: began + 50 },
    { kind: 'vertex-started', vertex: compile, at: began + 80, waited: 12.3 },
    { kind: 'vertex-retried', vertex: compile, at: began + 100, attempt: 2, attempts: 3, message: 'exit code: 1' },
    { kind: 'vertex-completed', vertex: compile, at: began + 200, peakMemory: 6 },
    { kind: 'vertex-measured', vertex: compile, at: began + 201, made: 5 },
  ]);
  await made.finish(end(0));
  const {
    retries,
    waited,
    startedAt,
    made: bytes,
    peakMemory,
  } = folder.read(made.id)!.steps.find(({ vertex }) => vertex === compile)!;
  assert.deepEqual([retries, waited, startedAt, bytes, peakMemory], [1, 42, began + 100, 5, 6]);
});

test('a hundred runs of thirty days are kept, and none is let go of that goes on', async () => {
  const path = join(scratch, 'many');
  const folder = new RunsFolder(path);
  const running = recorder({ path, startedAt: Date.now() - 90 * 24 * 3600_000 });
  running.tell(built.slice(0, 8));
  const old = newRunId(Date.now() - 31 * 24 * 3600_000);
  const ids = Array.from({ length: 120 }, (_, i) => newRunId(Date.now() - 1000 * (i + 1)));
  for (const id of [old, ...ids]) {
    writeFileSync(folder.recordPath(id), '{}');
    writeFileSync(folder.logPath(id), '');
  }
  const last = recorder({ path, startedAt: Date.now() });
  last.tell(built);
  await last.made.finish({ code: 0, endedAt: Date.now() });
  const kept = folder.ids();
  assert.equal(kept.length, 101);
  assert.ok(kept.includes(last.made.id) && kept.includes(running.made.id) && !kept.includes(old));
  assert.equal(readdirSync(path).filter((name) => name.endsWith('.log')).length, 101);
  await running.made.finish({ code: 0, endedAt: Date.now() });
  assert.ok(folder.ids().includes(running.made.id), 'nobody has seen it yet');
  const next = recorder({ path, startedAt: Date.now() });
  next.tell(built);
  await next.made.finish({ code: 0, endedAt: Date.now() });
  assert.ok(!folder.ids().includes(running.made.id), 'once it has ended, it is old');
});

test('runs with long logs are let go of sooner, the oldest first', () => {
  const folder = new RunsFolder(join(scratch, 'large'));
  folder.make();
  const ids = Array.from({ length: 5 }, (_, i) => newRunId(Date.now() - 1000 * (5 - i)));
  for (const id of ids) {
    writeFileSync(folder.recordPath(id), '{}');
    writeFileSync(folder.logPath(id), Buffer.alloc(1000));
  }
  folder.prune(Date.now(), (id) => id === ids[0], 3000);
  assert.deepEqual(folder.ids(), [ids[0], ids[3], ids[4]]);
  folder.prune(Date.now(), (id) => id === ids[4], 10);
  assert.deepEqual(folder.ids(), [ids[4]]);
});

test('two thousand steps take less than a megabyte', async () => {
  const { made, folder, tell } = recorder();
  const digest = (i: number) => `sha256:${String(i).padStart(64, '0')}` as const;
  const vertices = Array.from({ length: 2000 }, (_, i) => ({
    vertex: digest(i),
    name: `[build ${(i % 9) + 1}/9] RUN pnpm --filter package-${i} build`,
    inputs: i === 0 ? [] : [digest(i >> 1)],
    wantedBy: ['api', 'web'],
    uses: 2,
    source: { file: 'Dockerfile', folder: '/src/api', lines: [i, i] as const },
  }));
  tell([{ kind: 'graph-merged', at: began, vertices }]);
  for (const { vertex } of vertices) {
    tell([
      { kind: 'vertex-started', vertex, at: began },
      { kind: 'log', vertex, stream: 'stdout', data: Buffer.from('a line\n'), at: began },
      { kind: 'vertex-completed', vertex, at: began + 5 },
    ]);
  }
  await made.finish(end(0));
  assert.ok(statSync(folder.recordPath(made.id)).size < 1 << 20);
});

test('a run that cannot be written down goes on, and says so once', async () => {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  const { made, tell, warnings } = recorder({ path: join(file, 'runs') });
  tell(built);
  assert.equal(made.facts.record?.(), undefined);
  assert.equal(await made.finish(end(0)), undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /could not be written down: .*ENOTDIR/);
});
