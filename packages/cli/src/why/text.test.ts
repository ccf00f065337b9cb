import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStream } from '../ui/recorded.fixture.ts';
import { screenStream } from '../ui/screen.fixture.ts';
import type { ExplainedCause, Explanation } from './explanation.ts';
import { explanationText } from './text.ts';
import type { ImageExplanation } from './why.ts';

const cause = (what: string, how: string, name: string, more: Partial<ExplainedCause> = {}): ExplainedCause => ({
  kind: 'file',
  what,
  how,
  only: 0,
  step: { vertex: `sha256:${name}`, name, file: 'api/Dockerfile', line: 4, fate: 'run' },
  ...more,
});

const explanation = (causes: readonly ExplainedCause[], more: Partial<Explanation> = {}): ImageExplanation => ({
  image: 'api',
  status: 'built',
  before: { id: '01jc', startedAt: 1 },
  after: { id: '01jd', startedAt: 2 },
  platforms: [{ platform: 'linux/amd64', ran: causes.length, shared: 0, unknown: 0, stopped: 0, causes, ...more }],
});

const several = explanation(
  [
    cause('src/db.ts', 'content 3f2a→9c01', '[build 4/7] COPY src/ /src', { only: 12 }),
    cause('base/tools/t', 'added', '[1/3] COPY tools /tools', { owner: 'base' }),
    cause('README.md', 'content 1111→2222', '[5/7] COPY . .', {
      hint: 'README.md were ignored: COPY . . takes all that is in the context',
    }),
    cause('api/Dockerfile:4', 'was RUN make', '[6/7] RUN make all', { kind: 'instruction' }),
    cause('nothing differs', 'its result is no longer in the cache', '[7/7] RUN test', { kind: 'again' }),
    { kind: 'config', what: 'CMD', how: '["a"]→["b"]', only: 0 },
  ],
  { shared: 2, ran: 17 },
);

test('the screen of why', () => {
  assert.deepEqual(explanationText(several, memoryStream()).split('\n'), [
    'api  built · run 01jd, compared with 01jc',
    '',
    'api → [build 4/7] COPY src/ /src → src/db.ts  content 3f2a→9c01  api/Dockerfile:4',
    '  12 later steps ran only because of this',
    'api → base → [1/3] COPY tools /tools → base/tools/t  added  api/Dockerfile:4',
    'api → [5/7] COPY . . → README.md  content 1111→2222  api/Dockerfile:4',
    '  would not have happened if README.md were ignored: COPY . . takes all that is in the context',
    'api → [6/7] RUN make all → api/Dockerfile:4  was RUN make',
    'api → [7/7] RUN test → nothing differs: its result is no longer in the cache  api/Dockerfile:4',
    'api → CMD  ["a"]→["b"]',
    '2 later steps ran because of several of these',
    '',
  ]);
});

test('what a terminal has no room for stands below', () => {
  const stream = screenStream({ columns: 60, rows: 30 });
  stream.write(explanationText(several, stream));
  const rows = stream.rowsShown().filter((row) => row !== '');
  assert.deepEqual(rows.slice(0, 4), [
    'api  built · run 01jd, compared with 01jc',
    'api → [build 4/7] COPY src/ /src  api/Dockerfile:4',
    '  → src/db.ts  content 3f2a→9c01',
    '  12 later steps ran only because of this',
  ]);
});

test('several things in one step stand below it, not all of them where they are many', () => {
  const files = Array.from({ length: 12 }, (_, i) => cause(`src/${i}`, 'added', '[2/2] COPY src /src'));
  const lines = explanationText(explanation(files), memoryStream()).split('\n');
  assert.deepEqual(lines.slice(2, 5), [
    'api → [2/2] COPY src /src  api/Dockerfile:4',
    '  → src/0  added',
    '  → src/1  added',
  ]);
  assert.deepEqual(lines.slice(-3), ['  → src/9  added', '  → 2 more', '']);
});

test('the next build, and builds for which nothing had to be done', () => {
  const {
    after: _,
    status: __,
    ...next
  } = explanation([cause('src/a', 'added', '[1/2] COPY src /src', { only: 1 })], {
    unknown: 3,
  });
  assert.deepEqual(explanationText(next, memoryStream()).split('\n').slice(3, 5), [
    '  1 later step would run only because of this',
    '3 steps may run, depending on what those make',
  ]);
  assert.match(explanationText(explanation([]), memoryStream()), /\n\nnothing differs, and nothing ran\n$/);
  const kept = explanation([cause('src/a', 'added', '[1/2] COPY src /src')], { ran: 0 });
  assert.match(explanationText(kept, memoryStream()), /\nall of it was in the cache\n$/);
});

test('names of files can move no cursor', () => {
  const text = explanationText(explanation([cause('a\u001b[2Jb\rc', 'added', '[1/1] COPY . /')]), memoryStream());
  assert.ok(!text.includes('\u001b') && !text.includes('\r'), text);
});
