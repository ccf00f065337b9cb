import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { rowsOf, widthOf } from './columns.ts';
import type { RunFacts } from './facts.ts';
import { began, built, digest, memoryStream, start } from './recorded.fixture.ts';
import { screenStream } from './screen.fixture.ts';
import { openTty } from './tty.ts';

const facts: RunFacts = {
  cause: () => ({ what: 'services/api/src/db.ts', step: '[7/9] COPY services/api/src/ ./src/' }),
  before: () => ({ digest: digest('x'), size: 1 << 20 }),
  times: () => ({
    critical: { duration: 91_000, path: ['base', 'web#build', 'api#compile', 'web'] },
    recoverable: 9000,
  }),
  record: () => ({ id: '01m834qj1bfwyffh', next: ['cli watch', 'cli graph --open'] }),
};
const about = { version: '1.2.3', config: 'buildkit.config.ts', platforms: ['linux/amd64'] };

function shown(columns: number, { env = {}, verbose = false } = {}): readonly string[] {
  const stderr = screenStream({ columns });
  using renderer = openTty({ ...start, facts, about, verbose }, { stdout: memoryStream(), stderr, env });
  for (const event of built) renderer.report(event);
  renderer.finish({ code: 0, endedAt: began + 2500 });
  return stderr.lines().map((line) => stripVTControlCharacters(line));
}

for (const columns of [60, 80, 120, 200]) {
  test(`at ${columns} columns every line is one row, and an image says why it was built`, () => {
    const lines = shown(columns);
    for (const line of lines) assert.ok(rowsOf(line, columns) === 1, line);
    const images = lines.filter((line) => line.startsWith('✔'));
    assert.equal(images.length, 2);
    for (const line of images) assert.match(line, /^✔ (api|web) +services\/api\/src\/(db\.ts|…)/);
    assert.ok(images.every((line) => widthOf(line) === widthOf(images[0]!) && widthOf(line) <= 140));
    assert.equal(
      images.every((line) => line.includes('sha256:')),
      columns > 60,
    );
  });
}

test('what has no room in the summary is left out from the midst, and from the end', () => {
  const [narrow, wide] = [60, 120].map((columns) => shown(columns).slice(-2));
  assert.deepEqual(narrow, [
    '   Time:  2.5s   critical path 1m31s: base → … → web',
    '    Run:  01m834qj1bfwyffh  ·  next: `cli watch`',
  ]);
  assert.deepEqual(wide, [
    '   Time:  2.5s   critical path 1m31s: base → web#build → api#compile → web · recoverable 9.0s',
    '    Run:  01m834qj1bfwyffh  ·  next: `cli watch`, `cli graph --open`',
  ]);
});

test('an image that was stopped at its work says so, one that had not begun does not', () => {
  const stderr = screenStream();
  using renderer = openTty(start, { stdout: memoryStream(), stderr, env: {} });
  const begun = built.slice(0, 7).filter((event) => event.kind !== 'vertex-started' || event.at === began + 21);
  for (const event of begun) renderer.report(event);
  for (const task of ['api', 'web']) renderer.report({ kind: 'task-cancelled', task, at: began + 600 });
  renderer.finish({ code: 130, endedAt: began + 700 });
  assert.deepEqual(
    stderr.lines().filter((line) => line.startsWith('…')),
    ['… api  cancelled'],
  );
});
