import assert from 'node:assert/strict';
import { test } from 'node:test';
import { screenStream } from './screen.fixture.ts';
import { StatusLine } from './status-line.ts';

const shownOn = (screen: ReturnType<typeof screenStream>) => screen.lines().filter((line) => line !== '');

test('what is written while somebody else has the terminal comes when it is given back', () => {
  const screen = screenStream();
  using status = new StatusLine(screen);
  status.text = 'watching';
  status.stream.write('before\n');
  {
    using _one = status.lend();
    {
      using _two = status.lend();
      status.stream.write('api | one\n');
    }
    status.text = 'watching more';
    status.stream.write(Buffer.from('api | two\n'));
    screen.write('theirs\n');
    assert.deepEqual(shownOn(screen), ['before', 'theirs']);
  }
  assert.deepEqual(shownOn(screen), ['before', 'theirs', 'api | one', 'api | two', 'watching more']);
});

test('of very much that waits the end is told, in whole lines, and how much is left out', () => {
  const screen = screenStream();
  using status = new StatusLine(screen);
  const before = screen.pieces.length;
  {
    using _lent = status.lend();
    for (let i = 0; i < 50_000; i++) status.stream.write(`line ${String(i).padStart(6, '0')} ${'x'.repeat(50)}\n`);
  }
  const told = screen.pieces.slice(before).join('');
  const [first = '', next = '', ...rest] = told.trimEnd().split('\n');
  const left = Number(/^… ([\d,]+) lines before these are left out$/.exec(first)![1]!.replaceAll(',', ''));
  assert.equal(Number(/^line (\d{6}) x{50}$/.exec(next)![1]), left);
  assert.equal(rest.length + 1 + left, 50_000);
  assert.ok(told.length <= (1 << 20) + 100, String(told.length));
});

test('a watch that ends while the terminal is lent tells what it held', () => {
  const screen = screenStream();
  const status = new StatusLine(screen);
  status.lend();
  status.stream.write('api  stopped\n');
  status[Symbol.dispose]();
  assert.deepEqual(shownOn(screen), ['api  stopped']);
});
