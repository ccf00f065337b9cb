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

test('a reader that goes away is let go', async () => {
  const feed = new Feed();
  const gone = new AbortController();
  const reading = all(feed, gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(reading, /gone/);
});
