import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed, type EventLine } from './feed.ts';

const line = (type: string, more: object = {}): EventLine => ({ type, ...more });

async function all(feed: Feed, signal = new AbortController().signal): Promise<string[]> {
  const types: string[] = [];
  for await (const { type, text } of feed.read(signal))
    types.push(text === undefined ? type : `${type} ${text as string}`);
  return types;
}

test('whoever comes late is told all, without progress that is over and old lines of logs', async () => {
  const feed = new Feed();
  const early = all(feed);
  feed.push(line('step.start', { step: 'a' }));
  feed.push(line('step.progress', { step: 'a' }));
  for (let i = 0; i < 300; i++) feed.push(line('step.log', { step: 'a', text: String(i) }));
  const late = all(feed);
  feed.push(line('run.end'));
  feed.end();
  assert.equal((await early).length, 303);
  const told = await late;
  assert.deepEqual([told[0], told[1], told.at(-1), told.length], ['step.start', 'step.log 100', 'run.end', 202]);
  assert.equal((await all(feed)).length, 202);
});

test('of many runs, whoever comes late is told how things are now', async () => {
  const feed = new Feed();
  for (let run = 0; run < 3000; run++) {
    feed.push(line('run.start', { images: ['api'], text: String(run) }));
    feed.push(line('plan', { steps: [{ step: 'a' }, { step: 'b' }] }));
    for (const step of ['a', 'b']) feed.push(line('step.end', { step, text: `${step}${run}` }));
    feed.push(line('run.end'));
  }
  feed.push(line('step.start', { step: 'a', text: 'now' }));
  feed.end();
  const told = await all(feed);
  assert.ok(told.length < 6000, String(told.length));
  assert.deepEqual(told.slice(-6), [
    'run.start 2999',
    'plan',
    'step.end a2999',
    'step.end b2999',
    'run.end',
    'step.start now',
  ]);
});

test('a reader that goes away is let go', async () => {
  const feed = new Feed();
  const gone = new AbortController();
  const reading = all(feed, gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(reading, /gone/);
});

test('what a reader does not take does not pile up: it is told how things are now', async () => {
  const feed = new Feed();
  feed.push(line('step.start', { step: 'a' }));
  const reading = feed.read(new AbortController().signal)[Symbol.asyncIterator]();
  assert.equal((await reading.next()).value?.type, 'step.start');
  for (let i = 0; i < 100_000; i++) feed.push(line('step.log', { step: 'a', text: String(i) }));
  feed.end();
  const told: string[] = [];
  for (let next = await reading.next(); !next.done; next = await reading.next()) told.push(String(next.value['text']));
  assert.ok(told.length < 25_000, String(told.length));
  assert.equal(told.at(-1), '99999');
});
