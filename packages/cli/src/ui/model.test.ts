import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { emptyModel, isInternal, tally, type RunModel } from './model.ts';
import { began, built, cached, compile, copy, digest, failed, from, test as testStep } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';

function after(events: readonly RunEvent[]): RunModel {
  return events.reduce(reduce, emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() }));
}

test('an image runs from its first step on, and is built once its task is', () => {
  const half = after(built.slice(0, 7));
  assert.deepEqual(half.images.get('web'), {
    id: 'web',
    state: { kind: 'running' },
    startedAt: began + 100,
    steps: [from, compile, copy],
  });
  const whole = after(built);
  assert.deepEqual(whole.images.get('web')!.state, { kind: 'built', digest: digest('w'), size: 3 << 20 });
  assert.equal(whole.images.get('web')!.endedAt, began + 1400);
});

test('an image of which no step ran was cached, whatever was read for it', () => {
  assert.equal(after(cached).images.get('api')!.state.kind, 'cached');
  const withContext = [
    cached[0]!,
    ...built.filter((event) => 'vertex' in event && event.vertex === digest('c')),
    ...cached.slice(1),
  ];
  assert.equal(after(withContext).images.get('api')!.state.kind, 'cached');
});

test('steps are counted once, however many images want them, and the context is none', () => {
  assert.deepEqual(tally(after(built)), { run: 3, cached: 1, fetched: 0, shared: 2, total: 4 });
});

test('steps that nobody had to look at count as cached', () => {
  assert.deepEqual(tally(after(cached)), { run: 0, cached: 4, fetched: 0, shared: 2, total: 4 });
});

test('steps behind a failure were neither run nor cached', () => {
  assert.deepEqual(tally(after(failed)), { run: 1, cached: 1, fetched: 0, shared: 2, total: 4 });
});

test('the last lines of a step are kept, cut pieces joined', () => {
  const step = after(built).steps.get(compile)!;
  assert.deepEqual(step.tail, ['cc -o app', 'linking', 'done']);
  assert.equal(step.lines, 3);
  const long = after(failed).steps.get(compile)!;
  assert.equal(long.lines, 51);
  assert.deepEqual([long.tail.length, long.tail[0], long.tail.at(-1)], [41, 'line 11', '']);
});

test('a graph that is told in parts is one graph', () => {
  const [first] = cached;
  const vertices = first?.kind === 'graph-merged' ? first.vertices : [];
  const partOf = (id: string): RunEvent => ({
    kind: 'graph-merged',
    at: began,
    vertices: vertices
      .filter(({ wantedBy }) => wantedBy.includes(id))
      .map((each) => ({ ...each, wantedBy: [id], uses: 1 })),
  });
  const model = after([partOf('api'), partOf('web')]);
  assert.deepEqual(model.steps.get(compile)!.wantedBy, ['api', 'web']);
  assert.equal(tally(model).shared, 2);
});

test('progress of the parts of a step is kept by part', () => {
  const progress = (id: string, current: number): RunEvent => ({
    kind: 'progress',
    vertex: testStep,
    at: began,
    id,
    current,
    total: 10,
    unit: 'bytes',
    done: false,
  });
  const model = after([cached[0]!, progress('a', 1), progress('b', 2), progress('a', 5)]);
  assert.deepEqual(
    [...model.steps.get(testStep)!.progress],
    [
      ['a', { current: 5, total: 10 }],
      ['b', { current: 2, total: 10 }],
    ],
  );
});

test('what frontends read for themselves is no step, on any platform and in any context', () => {
  const internal = [
    '[internal] load build context',
    '[linux/arm64 internal] load metadata for docker.io/library/busybox:latest',
    '[context base] load metadata for docker.io/library/base@sha256:00',
    '[context shared] load .dockerignore',
  ];
  const steps = ['[context base] OCI load from client', '[build 1/2] RUN make', '[linux/arm64 build 1/2] RUN make'];
  assert.deepEqual(
    [...internal, ...steps].filter((name) => isInternal({ name })),
    internal,
  );
});
