import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { RunFacts } from './facts.ts';
import { built, cached, memoryStream, start } from './recorded.fixture.ts';
import { screenStream } from './screen.fixture.ts';
import { openWatched } from './watched.ts';

const facts: RunFacts = {
  cause: () => ({ what: 'services/web/src/page.html', step: '[render 1/3] COPY site ./site' }),
};

function lineOfWeb(columns: number): string {
  const stderr = screenStream({ columns });
  const watched = { ...start, facts, causes: new Map(), digests: new Map() };
  using renderer = openWatched(watched, { stdout: memoryStream(), stderr, env: {} });
  for (const event of built) renderer.report(event);
  return stripVTControlCharacters(stderr.rowsShown().find((row) => row.startsWith('✔ web'))!).trimEnd();
}

test('the line of an image that was built anew is one row, and leaves out what tells least', () => {
  const what = '✔ web  services/web/src/page.html';
  const whole = `${what} → [render 1/3] COPY site ./site  2 steps  3.0 MiB  sha256:777777777777`;
  assert.ok(lineOfWeb(140).startsWith(whole));
  assert.ok(lineOfWeb(96).startsWith(`${what}  2 steps  3.0 MiB  sha256:777777777777  `));
  assert.ok(lineOfWeb(60).startsWith(`${what}  2 steps  3.0 MiB  `));
});

test('what was there already is one line, also where all is built again', () => {
  const digests = new Map<string, string>();
  const told = () => {
    const stderr = screenStream({ columns: 80 });
    using renderer = openWatched({ ...start, causes: new Map(), digests }, { stdout: memoryStream(), stderr, env: {} });
    for (const event of cached) renderer.report(event);
    renderer.finish({ code: 0, endedAt: 0 });
    return stderr
      .rowsShown()
      .map((row) => stripVTControlCharacters(row).trimEnd())
      .join('\n')
      .trim();
  };
  assert.deepEqual([told(), told()], ['⚡ 2 images up to date', '⚡ 2 images up to date']);
});
