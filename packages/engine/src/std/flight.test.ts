import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flight } from './flight.ts';

test('those who ask for the same at the same time share one work', async () => {
  const flight = new Flight<number>();
  let runs = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const work = () => (runs++, promise);
  const both = [flight.run('a', {}, work), flight.run('a', {}, work), flight.run('b', {}, async () => 7)];
  resolve(5);
  assert.deepEqual(await Promise.all(both), [5, 5, 7]);
  assert.equal(await flight.run('a', {}, async () => (runs++, 6)), 6);
  assert.equal(runs, 2);
});

test('one who leaves does not stop the others; the last one does', async () => {
  const flight = new Flight<number>();
  const [a, b] = [new AbortController(), new AbortController()];
  let inner: AbortSignal | undefined;
  const work = (signal: AbortSignal) => {
    inner = signal;
    return new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const [first, second] = [flight.run('k', a, work), flight.run('k', b, work)];
  a.abort(new Error('a'));
  await assert.rejects(first, /^Error: a$/);
  assert.equal(inner?.aborted, false);
  b.abort(new Error('b'));
  await assert.rejects(second, /^Error: b$/);
  assert.equal(inner?.aborted, true);
  assert.equal(await flight.run('k', {}, async () => 1), 1);
});

test('a failure is told to all who wait', async () => {
  const flight = new Flight<number>();
  const work = async () => {
    throw new Error('no');
  };
  const all = await Promise.allSettled([flight.run('k', {}, work), flight.run('k', {}, work)]);
  assert.deepEqual(
    all.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

test('it is idle once what everybody has left has cleared away what it began', async () => {
  const flight = new Flight<void>();
  await flight.idle();
  const caller = new AbortController();
  const clearing = Promise.withResolvers<void>();
  const left = flight.run('k', caller, async (signal) => {
    await new Promise((_, reject) => signal.addEventListener('abort', reject)).catch(() => clearing.promise);
  });
  caller.abort(new Error('left'));
  await assert.rejects(left, /^Error: left$/);
  let idle = false;
  const waiting = flight.idle().then(() => (idle = true));
  await flight.run('other', {}, async () => undefined);
  assert.equal(idle, false);
  clearing.resolve();
  await waiting;
});
