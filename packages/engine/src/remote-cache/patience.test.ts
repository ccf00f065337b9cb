import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Provider } from '../content/store.ts';
import { digestOf } from '../oci/digest.ts';
import { failedOf } from '../std/failed.ts';
import { patientProvider, toldProvider, withPatience } from './patience.ts';

const waiting = { name: 'the cache', timeout: 1000 };
const never = new Promise<never>(() => {});
const wanted = { digest: digestOf('ab'), size: 2 };

test('work that gives no sign of life is given up, with the name of who was waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let alive = () => {};
  let stopped: AbortSignal | undefined;
  const given = withPatience(waiting, new AbortController().signal, async (patience) => {
    ({ alive, signal: stopped } = patience);
    return never;
  });
  t.mock.timers.tick(900);
  alive();
  t.mock.timers.tick(900);
  assert.equal(stopped!.aborted, false);
  t.mock.timers.tick(100);
  await assert.rejects(given, /the cache has not answered for 1 s \(timeout=1s\)/);
  assert.ok(failedOf(stopped!.reason, 'cache-slow'));
});

test('who is cancelled hears why, and what is done in time is done', async () => {
  const outer = new AbortController();
  const given = withPatience(waiting, outer.signal, () => never);
  outer.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  assert.equal(await withPatience(waiting, new AbortController().signal, async () => 7), 7);
});

test('a stream that stands still is given up; the time of who reads it does not count', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const provider: Provider = {
    async *open() {
      yield Buffer.from('a');
      await never;
    },
  };
  const told: string[] = [];
  const from = patientProvider(
    toldProvider(provider, () => told.push('alive')),
    waiting,
  );
  const pieces = from.open(wanted)[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), 'a');
  t.mock.timers.tick(5000);
  const next = pieces.next();
  await undefined;
  t.mock.timers.tick(1000);
  await assert.rejects(next, /has not answered/);
  assert.deepEqual(told, ['alive']);
});
