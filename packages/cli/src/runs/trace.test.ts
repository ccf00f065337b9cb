import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../ui/recorded.fixture.ts';
import type { RecordedStep, RunRecord } from './record.ts';
import { traceOf, type TraceEvent } from './trace.ts';

const began = Date.UTC(2026, 0, 2);
const step = (letter: string, from: number, to: number, more: Partial<RecordedStep> = {}): RecordedStep => ({
  vertex: digest(letter),
  name: `[build 1/2] RUN ${letter}`,
  image: 'api',
  wantedBy: ['api', 'web'],
  uses: 2,
  inputs: [],
  status: 'run',
  startedAt: began + from,
  endedAt: began + to,
  ...more,
});

const record: RunRecord = {
  version: 1,
  id: '01kdyak348f0j1y3',
  command: ['build', 'all'],
  root: '/w',
  selection: ['api', 'web'],
  startedAt: began,
  endedAt: began + 1000,
  code: 1,
  monokit: '1.2.3',
  machine: { cpus: 2, memory: 2 ** 33, platform: 'linux/x64' },
  images: [
    { id: 'api', status: 'built', digest: digest('z'), size: 5, startedAt: began + 10, endedAt: began + 900 },
    { id: 'web', status: 'failed', startedAt: began + 10, endedAt: began + 950, error: 'no' },
    { id: 'base', status: 'cached', endedAt: began + 20 },
  ],
  steps: [
    step('a', 10, 400, { made: 7, peakMemory: 9, source: { file: 'Dockerfile', lines: [3, 3] } }),
    step('b', 10, 200),
    step('c', 200, 500),
    step('d', 400, 900, { inputs: [digest('a')] }),
    step('e', 450, 450),
    step('f', 500, 950, { status: 'failed', inputs: [digest('c')] }),
    { ...step('g', 0, 0), status: 'cached' },
    { ...step('h', 0, 0), status: 'needless', startedAt: undefined, endedAt: undefined } as never,
  ],
  failures: [],
  warnings: [],
};

const { traceEvents, displayTimeUnit } = traceOf(record) as { traceEvents: TraceEvent[]; displayTimeUnit: string };
const of = (ph: TraceEvent['ph']) => traceEvents.filter((event) => event.ph === ph);

test('every event has what the format asks of its phase', () => {
  assert.equal(displayTimeUnit, 'ms');
  assert.deepEqual(JSON.parse(JSON.stringify(traceEvents)), traceEvents, 'it is JSON');
  for (const event of traceEvents) {
    const { name, ph, pid, tid, ts, dur, id, args, s } = event;
    assert.ok(typeof name === 'string' && name !== '', JSON.stringify(event));
    for (const number of [pid, tid, ts]) assert.ok(Number.isSafeInteger(number) && number >= 0, JSON.stringify(event));
    assert.equal(ph === 'X', dur !== undefined && Number.isSafeInteger(dur) && dur >= 0);
    assert.equal(['s', 't', 'f'].includes(ph), id !== undefined);
    assert.equal(ph === 'i', s !== undefined && ['g', 'p', 't'].includes(s));
    if (ph === 'C') for (const value of Object.values(args!)) assert.ok(Number.isFinite(value));
    if (ph === 'M') {
      const key = name.endsWith('_sort_index') ? 'sort_index' : 'name';
      assert.match(name, /^(process|thread)_(name|sort_index)$/);
      assert.deepEqual(Object.keys(args!), [key]);
    }
  }
});

test('each track has a name, and spans of one track lie beside each other', () => {
  const tracks = Map.groupBy(of('X'), ({ pid, tid }) => `${pid}/${tid}`);
  const named = new Set(of('M').flatMap(({ name, pid, tid }) => (name === 'thread_name' ? [`${pid}/${tid}`] : [])));
  assert.deepEqual(
    [...tracks.keys()].filter((track) => !named.has(track)),
    [],
  );
  for (const spans of tracks.values()) {
    spans.sort((a, b) => a.ts - b.ts);
    for (const [i, { ts }] of spans.entries()) if (i > 0) assert.ok(spans[i - 1]!.ts + spans[i - 1]!.dur! <= ts);
  }
  const slots = of('M').filter(({ name, pid }) => name === 'thread_name' && pid === 1);
  assert.deepEqual(
    slots.map(({ args }) => args!['name']),
    ['slot 1', 'slot 2', 'slot 3'],
  );
});

test('steps that were at work are spans with what is known of them; others are none', () => {
  const steps = of('X').filter(({ pid }) => pid === 1);
  assert.equal(steps.length, 6);
  const first = steps.find(({ name }) => name === 'api#build:1  RUN a')!;
  assert.deepEqual([first.ts, first.dur, first.cat], [10_000, 390_000, 'run']);
  assert.deepEqual(first.args, {
    image: 'api',
    sharedBy: 2,
    place: 'Dockerfile:3',
    status: 'run',
    vertex: digest('a'),
    made: 7,
    peakMemory: 9,
  });
});

test('counters follow what runs and what is done', () => {
  const counted = (name: string) =>
    of('C').flatMap((event) => (event.name === name ? [[event.ts / 1000, Object.values(event.args!)[0]]] : []));
  assert.deepEqual(counted('running'), [
    [0, 0],
    [10, 2],
    [200, 2],
    [400, 2],
    [500, 2],
    [900, 1],
    [950, 0],
  ]);
  assert.deepEqual(counted('done'), [
    [0, 0],
    [20, 1],
    [900, 2],
  ]);
});

test('an arrow goes through the critical path, from span to span', () => {
  const arrow = traceEvents.filter(({ cat }) => cat === 'critical');
  assert.deepEqual(
    arrow.map(({ ph }) => ph),
    ['s', 'f'],
  );
  for (const { pid, tid, ts } of arrow) {
    assert.ok(
      of('X').some((span) => span.pid === pid && span.tid === tid && span.ts <= ts && ts <= span.ts + span.dur!),
    );
  }
});
