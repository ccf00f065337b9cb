import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { failedOf } from '../std/failed.ts';
import { tasks } from './pool-fixture.ts';
import { openPool } from './pool.ts';

test('a task runs in another thread and gives its result', async () => {
  await using pool = openPool();
  const { sum, thread } = await pool.run(tasks.add, { a: 1, b: 2 });
  assert.equal(sum, 3);
  assert.notEqual(thread, threadId);
});

test('a failure crosses threads with its kind, fields and causes', async () => {
  await using pool = openPool();
  const error = await pool.run(tasks.fail, undefined as never).catch((e: unknown) => e);
  const failed = failedOf(error, 'broken');
  assert.deepEqual(failed?.failure, { kind: 'broken', message: 'it broke', part: 7 });
  const cause = failed?.cause as NodeJS.ErrnoException | undefined;
  assert.equal(cause?.code, 'ENOENT');
  assert.equal(cause?.path, '/x');
});

for (const kind of ['spin', 'wait'] as const) {
  test(`aborting stops a task that ${kind}s, and rejects with the signal's own reason`, async () => {
    await using pool = openPool();
    const abort = new AbortController();
    const started = new SharedArrayBuffer(4);
    const run = pool.run(tasks[kind], started, { signal: abort.signal });
    await running(started);
    const reason = new Error('enough');
    abort.abort(reason);
    await assert.rejects(run, (error) => error === reason);
    assert.equal((await pool.run(tasks.add, { a: 2, b: 2 })).sum, 4);
  });
}

test('a task that waits for a thread leaves at once when it is aborted', async () => {
  await using pool = openPool({ threads: 1 });
  const busy = new AbortController();
  const started = new SharedArrayBuffer(4);
  const first = pool.run(tasks.spin, started, { signal: busy.signal });
  await running(started);
  const abort = new AbortController();
  const second = pool.run(tasks.add, { a: 1, b: 1 }, { signal: abort.signal });
  setImmediate(() => abort.abort(new Error('changed my mind')));
  await assert.rejects(second, /changed my mind/);
  busy.abort(new Error('done'));
  await assert.rejects(first, /done/);
});

test('closing a pool stops what runs', async () => {
  const started = new SharedArrayBuffer(4);
  const pool = openPool();
  const run = assert.rejects(pool.run(tasks.spin, started), /closed/);
  await running(started);
  await pool[Symbol.asyncDispose]();
  await run;
});

async function running(started: SharedArrayBuffer): Promise<void> {
  const wait = Atomics.waitAsync(new Int32Array(started), 0, 0);
  // A promise of waitAsync does not keep the process alive by itself.
  const alive = setInterval(() => {}, 1000);
  if (wait.async) await wait.value;
  clearInterval(alive);
}
