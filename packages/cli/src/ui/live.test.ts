import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { widthOf } from './columns.ts';
import { live, type LiveScreen } from './live.ts';
import { emptyModel } from './model.ts';
import { began, built, compile, memoryStream } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';

const small = { columns: 80, rows: 24, names: 8 };

function region(events: readonly RunEvent[], { after = 0, ...screen }: Partial<LiveScreen> & { after?: number } = {}) {
  const model = events.reduce(reduce, emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() }));
  return live(model, { ...small, ...screen, now: began + after, stream: memoryStream() });
}

function says(text: string): RunEvent {
  return { kind: 'log', vertex: compile, stream: 'stdout', data: Buffer.from(text), at: began + 1000 };
}

test('steps that have just begun take no line', () => {
  assert.deepEqual(region(built.slice(0, 7), { after: 1050 }), { steps: [], status: '0 of 2 images · 1.1s' });
});

test('a running step tells for whom it is and what it wrote last, its time right-aligned', () => {
  const { steps, status } = region(built.slice(0, 9), { after: 1700 });
  assert.deepEqual(steps, ['▸ api +1    [build 2/3] RUN make    1.6s  ▏done']);
  assert.equal(status, '0 of 2 images · 1.7s');
});

test('no line is wider than the screen, whatever is written and however narrow it is', () => {
  for (const text of [
    'x'.repeat(300),
    '日本語'.repeat(100),
    '👩‍👩‍👧'.repeat(100),
    `${'x'.repeat(300)}\r\u001B[2K${'y'.repeat(300)}`,
  ]) {
    for (const columns of [20, 40, 60, 80, 200]) {
      const machine = { cpu: 1, memory: { used: 1 << 30, total: 4 << 30 }, received: 1 << 20 };
      const { steps, status } = region([...built.slice(0, 7), says(`${text}\n`)], { columns, after: 2000, machine });
      for (const line of steps) assert.ok(widthOf(line) < columns, `${columns}: ${line}`);
      assert.ok(widthOf(status) + 3 < columns, `${columns}: ${status}`);
    }
  }
  const [line] = region([...built.slice(0, 7), says(`${'x'.repeat(300)}\r${'y'.repeat(300)}\n`)], {
    after: 2000,
  }).steps;
  assert.match(line!, /▏y+…$/);
});

test('there is a third of the screen, the row of the cursor included', () => {
  const two = built.slice(0, 13);
  assert.equal(region(two, { after: 5000, rows: 12 }).steps.length, 2);
  const { steps, status } = region(two, { after: 5000, rows: 9 });
  assert.equal(steps.length, 1);
  assert.match(status, /^0 of 2 images · 1 more running · 5\.0s$/);
  assert.equal(region(two, { after: 5000, rows: 3 }).steps.length, 0);
});

test('the status says how long it may take, and how busy the machine is', () => {
  const machine = { cpu: 0.958, memory: { used: 3.1 * 2 ** 30, total: 2 ** 33 }, received: 13_000_000 };
  assert.equal(
    region(built.slice(0, 7), { after: 1000, remaining: 62_000, machine, columns: 90 }).status,
    '0 of 2 images · 1.0s, ~1m02s to go · cpu 96% · mem 3.1/8.0 GiB · ↓ 12.4 MiB/s',
  );
  assert.doesNotMatch(region(built.slice(0, 7), { machine: { ...machine, received: 900 } }).status, /↓/);
});
