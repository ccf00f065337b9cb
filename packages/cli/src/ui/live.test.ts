import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { live } from './live.ts';
import { emptyModel, reduce } from './model.ts';
import { began, built, compile, memoryStream } from './recorded.fixture.ts';

function region(events: readonly RunEvent[], { columns = 80, rows = 24, after = 0 } = {}): string[] {
  const model = events.reduce(reduce, emptyModel(['api', 'web'], began));
  return live(model, { columns, rows, now: began + after, stream: memoryStream() }).split('\n  ');
}

test('steps that have just begun take no line', () => {
  assert.deepEqual(region(built.slice(0, 7), { after: 150 }), ['0 of 2 images · 150ms']);
});

test('a running step tells for whom it is, and after a second what it wrote last', () => {
  const [line, status] = region(built.slice(0, 9), { after: 1700 });
  assert.equal(line, `api +1  [build 2/3] RUN make  ▏done${' '.repeat(38)}1.6s`);
  assert.equal(status, '0 of 2 images · 1.7s');
});

test('no line is wider than the screen', () => {
  const long: RunEvent = {
    kind: 'log',
    vertex: compile,
    stream: 'stdout',
    data: Buffer.from(`${'x'.repeat(300)}\r\u001B[2K${'y'.repeat(300)}\n`),
    at: began + 1000,
  };
  for (const columns of [60, 80, 200]) {
    const [line] = region([...built.slice(0, 7), long], { columns, after: 2000 });
    assert.equal(line!.length, columns - 3);
    assert.match(line!, /▏y+…/);
  }
});

test('there is a third of the screen for steps', () => {
  assert.equal(region(built.slice(0, 12), { after: 5000, rows: 7 }).length, 2);
  assert.match(region(built.slice(0, 12), { after: 5000, rows: 7 })[1]!, /^1 more steps running/);
});
