import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { clip } from './columns.ts';
import { Region } from './region.ts';
import { screenStream, type ScreenStream } from './screen.fixture.ts';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

/** A region whose lines are as wide as the screen, after its first frame. */
async function opened(stream: ScreenStream, steps: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Region> {
  const draw = () => ({
    steps: steps.map((step) => clip(step.repeat(200), stream.columns - 1)),
    status: clip(`status ${'.'.repeat(200)}`, stream.columns - 4),
  });
  const region = new Region({ stream, env: { TERM: 'xterm-256color', ...env }, utf8: true, draw });
  mock.timers.tick(40);
  await import('ora');
  await turn();
  return region;
}

test('lines stay above, and nothing is left of the region when it is gone', async () => {
  const stream = screenStream();
  const region = await opened(stream, ['one ', 'two ']);
  region.print('first\n');
  mock.timers.tick(100);
  region.print('second\n');
  mock.timers.tick(100);
  const shown = stream.lines();
  assert.deepEqual(shown.slice(0, 2), ['first', 'second']);
  assert.deepEqual(
    shown.slice(2).map((line) => line.slice(0, 4)),
    ['one ', 'two ', ' ⠹ s'],
  );
  region[Symbol.dispose]();
  assert.deepEqual(stream.lines(), ['first', 'second']);
});

for (const [name, steps] of [
  ['long lines', ['abcdefghi ', 'x']],
  ['wide characters', ['日本語 ', 'e\u0301a ', 'ＡＢ']],
] as const) {
  test(`a window that is made narrower and wider keeps what scrolled away, with ${name}`, async () => {
    const stream = screenStream({ columns: 120, rows: 30 });
    const region = await opened(stream, steps);
    const printed: string[] = [];
    for (const [i, columns] of [100, 61, 40, 90, 40, 120].entries()) {
      const line = `line ${i} ${'日'.repeat(8)}`;
      printed.push(line);
      region.print(`${line}\n`);
      mock.timers.tick(100);
      stream.resize(columns, 30);
      mock.timers.tick(100);
      const rows = stream.rowsShown();
      assert.equal(rows.length, printed.length + steps.length + 1, `at ${columns} columns:\n${rows.join('\n')}`);
    }
    region[Symbol.dispose]();
    assert.deepEqual(stream.lines(), printed);
  });
}

test('a terminal that cuts lines in place of wrapping them loses none above', async () => {
  const stream = screenStream({ columns: 120 });
  const region = await opened(stream, ['abc '], { XTERM_VERSION: 'XTerm(390)' });
  const at = stream.pieces.length;
  stream.resize(40, 24);
  // One row up for each line of the region.
  assert.equal(stream.pieces.slice(at).join('').split('\u001b[1A').length - 1, 2);
  region[Symbol.dispose]();
});

test('there are twelve frames a second at most, however much is printed', async () => {
  const stream = screenStream();
  const region = await opened(stream, ['one ']);
  const at = stream.pieces.length;
  for (let ms = 0; ms < 2000; ms += 5) {
    region.print(`line ${ms}\n`);
    mock.timers.tick(5);
  }
  const frames = stream.pieces.slice(at).filter((piece) => piece.includes('status')).length;
  assert.ok(frames > 10 && frames <= 48, `${frames} frames in two seconds`);
  region[Symbol.dispose]();
  assert.equal(stream.lines().length, 400);
});

test('a run that is over at once draws nothing', async () => {
  const stream = screenStream();
  const region = new Region({ stream, env: {}, utf8: true, draw: () => ({ steps: [], status: 'status' }) });
  region.print('done\n');
  mock.timers.tick(39);
  region[Symbol.dispose]();
  mock.timers.tick(1000);
  await turn();
  assert.deepEqual(stream.pieces, ['done\n']);
});
