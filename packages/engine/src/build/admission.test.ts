import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Estimator, StepPolicy } from '../engine.ts';
import type { GraphVertex } from '../llb/graph.ts';
import { digestOf } from '../oci/digest.ts';
import { Scheduler, type Needs } from '../scheduler/scheduler.ts';
import { failedOf } from '../std/failed.ts';
import { Admission, type Owner } from './admission.ts';
import { Stopwatch } from './stopwatch.ts';

const budget: Needs = { cpu: 4000, memory: 1000 };
const signal = new AbortController().signal;

function vertex(name: string, more: Partial<GraphVertex> & { readonly kind?: string } = {}): GraphVertex {
  const { kind = 'exec', owners = [0], ...rest } = more;
  const digest = digestOf(name);
  const op = { kind, inputs: [], ...(kind === 'source' && { identifier: 'local://context' }) } as never;
  const metadata = { capabilities: new Set<string>() };
  const own = { digest, written: digest, op, metadata, name, inputs: [], ignoreCache: false };
  return { ...own, owners, writtenAs: owners.map(() => digest), ...rest };
}

function admission(
  vertices: readonly GraphVertex[],
  {
    policies = [{}],
    estimate,
    stopwatches = [],
  }: {
    readonly policies?: readonly StepPolicy[];
    readonly estimate?: Estimator;
    readonly stopwatches?: readonly (Stopwatch | undefined)[];
  } = {},
) {
  const scheduler = new Scheduler({ budget: () => budget });
  const owners = policies.map((policy, i): Owner => ({
    id: `image${i}`,
    policies: () => [policy],
    stopwatch: stopwatches[i],
    behind: () => 0,
  }));
  const parts = { scheduler, budget: () => budget, ...(estimate && { estimate }) };
  return { scheduler, admission: new Admission({ roots: [], vertices }, owners, parts, { signal }) };
}

test('a step has the most that its owners say of it', () => {
  const both = vertex('both', { owners: [0, 1] });
  const { admission: made } = admission([both], { policies: [{ retries: 2 }, { priority: -1, retries: 1 }] });
  assert.equal(made.most(both, 'retries'), 2);
  assert.equal(made.most(both, 'priority'), 0);
  assert.equal(made.most(vertex('one', { owners: [1] }), 'priority'), -1);
});

test('memory is what is declared, else what was learnt; who asks is told apart by its owners', async () => {
  const learnt = vertex('learnt', { owners: [0, 1] });
  const declared = vertex('declared', { needs: { memory: 600 } });
  const small = vertex('small');
  const asked: string[] = [];
  const { admission: made, scheduler } = admission([learnt, declared, small], {
    policies: [{}, {}],
    estimate: ({ name, wantedBy }) => {
      asked.push(`${name} of ${wantedBy.join()}`);
      return name === 'learnt' ? { duration: 10, memory: 600 } : undefined;
    },
  });
  using _first = await made.admit(learnt);
  assert.ok(asked.includes('learnt of image0,image1'));
  // 600 and 600 are more than 1,000; a quarter of it is what a step takes of which nothing is known.
  const second = made.admit(declared);
  using _third = await made.admit(small);
  assert.equal(scheduler.waiting, 1);
  _first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
});

test('what only looks, and what has others run, never waits', async () => {
  const [full, local, build] = [
    vertex('full', { needs: { memory: 5000 } }),
    vertex('local', { kind: 'source' }),
    vertex('build', { kind: 'build' }),
  ];
  const { admission: made } = admission([full, local, build]);
  using _full = await made.admit(full);
  using first = await made.admit(local);
  using second = await made.admit(build);
  assert.deepEqual([first.waited, second.waited], [0, 0]);
});

test('the time of an image goes while a step of it runs; then those end that nobody else wants', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const [own, shared] = [vertex('own'), vertex('shared', { owners: [0, 1] })];
    const stopwatches = [new Stopwatch('hasty', 5000), undefined];
    const { admission: made } = admission([own, shared], { policies: [{}, {}], stopwatches });
    mock.timers.tick(10_000);
    using first = await made.admit(own);
    using second = await made.admit(shared);
    const result = stopwatches[0]!.bound(new Promise<AsyncDisposable>(() => {}));
    mock.timers.tick(4999);
    assert.equal(first.signal.aborted, false);
    mock.timers.tick(1);
    assert.ok(failedOf(first.signal.reason, 'timed-out'));
    assert.equal(second.signal.aborted, false);
    await assert.rejects(result, (error) => {
      assert.equal((error as Error).message, 'timed out after 5s, the time that the steps of hasty may run');
      assert.equal((failedOf(error, 'vertex')!.failure as unknown as { name: string }).name, 'own');
      return true;
    });
  } finally {
    mock.timers.reset();
  }
});

test('a result that came in time is kept, and one that comes later is let go of', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const disposed: string[] = [];
    const tree = (name: string) => ({ [Symbol.asyncDispose]: async () => void disposed.push(name) });
    const stopwatch = new Stopwatch('hasty', 1000);
    using _step = stopwatch.run(vertex('own'));
    const inTime = stopwatch.bound(Promise.resolve(tree('in time')));
    const { promise, resolve } = Promise.withResolvers<AsyncDisposable>();
    const late = stopwatch.bound(promise);
    mock.timers.tick(1000);
    await inTime;
    await assert.rejects(late);
    resolve(tree('late'));
    await promise;
    assert.deepEqual(disposed, ['late']);
  } finally {
    mock.timers.reset();
  }
});

test('a step of several images ends when the time of all of them is up', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const shared = vertex('shared', { owners: [0, 1] });
    const stopwatches = [new Stopwatch('a', 1000), new Stopwatch('b', 3000)];
    const { admission: made } = admission([shared], { policies: [{}, {}], stopwatches });
    using place = await made.admit(shared);
    mock.timers.tick(1000);
    assert.equal(place.signal.aborted, false);
    mock.timers.tick(2000);
    assert.match((place.signal.reason as Error).message, /after 3s.* of b /);
  } finally {
    mock.timers.reset();
  }
});
