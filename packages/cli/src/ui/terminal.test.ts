import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStream } from './recorded.fixture.ts';
import { columnsOf, roomOf, sized } from './terminal.ts';

const terminal = (columns: number, rows = 24) => Object.assign(memoryStream({ isTTY: true }), { columns, rows });

test('a terminal that says it has no columns is as wide as COLUMNS, or 80', () => {
  assert.equal(columnsOf(terminal(100), { COLUMNS: '60' }), 100);
  assert.equal(columnsOf(terminal(0), { COLUMNS: '60' }), 60);
  assert.equal(columnsOf(terminal(0), { COLUMNS: 'wide' }), 80);
  const { columns, rows } = sized(terminal(0, 0), {});
  assert.deepEqual([columns, rows], [80, 24]);
  const real = terminal(100);
  assert.equal(sized(real, {}), real);
});

test('lines have sixty columns at least on a terminal, and all that they want elsewhere', () => {
  assert.deepEqual([roomOf(terminal(40), {}), roomOf(terminal(90), {})], [60, 90]);
  assert.equal(roomOf(memoryStream(), { COLUMNS: '40' }), Number.POSITIVE_INFINITY);
});
