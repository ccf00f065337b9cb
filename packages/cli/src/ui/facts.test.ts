import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import type { RunFacts } from './facts.ts';
import { jobSummary } from './job-summary.ts';
import { openJson } from './json.ts';
import { emptyModel } from './model.ts';
import { openPlain } from './plain.ts';
import { began, built, compile, digest, failed, memoryStream, start } from './recorded.fixture.ts';
import { reduce } from './reduce.ts';

function shown(events: readonly RunEvent[], facts: RunFacts): readonly string[] {
  const stderr = memoryStream();
  using renderer = openPlain({ ...start, facts }, { stdout: memoryStream(), stderr, env: {} });
  for (const event of events) renderer.report(event);
  renderer.finish({ code: 0, endedAt: began + 2500 });
  return stderr.text.split('\n');
}

test('the plan stands below the first line', () => {
  const plan = { cached: 1, run: 2, unknown: 1, duration: 130_000, cpus: 2, pulls: { bases: 3, bytes: 88_290_000 } };
  assert.deepEqual(shown(built, { plan: () => plan }).slice(0, 2), [
    '2 images, 1 stage, 4 steps (2 shared)',
    'plan   1 cached, 2 to run, 1 unknown · ~2m10s on 2 cores · pulling 3 bases (84.2 MiB)',
  ]);
});

test('an image that was built again says why, and what its steps added', () => {
  const lines = shown(built, {
    cause: (image) => (image === 'web' ? { what: 'src/db.ts', step: '[7/9] COPY src/' } : undefined),
    before: (image) => (image === 'web' ? { digest: digest('x') } : { digest: digest('a') }),
  });
  assert.deepEqual(
    lines.filter((line) => /^[✔=]/.test(line)),
    [
      '✔ web  src/db.ts → [7/9] COPY src/  2 steps, 1 shared, +14.2 KiB  1.3s  3.0 MiB  sha256:777777777777',
      '= api  re-ran 2 steps, content unchanged, digest kept  2.4s  118.3 MiB  sha256:616161616161',
    ],
  );
});

test('the summary has the critical path, what was saved, and the record', () => {
  const lines = shown(built, {
    times: () => ({
      critical: { duration: 91_000, path: ['base', 'web#build', 'web'] },
      recoverable: 22_000,
      saved: 5000,
    }),
    record: () => ({ id: '01JD', next: ['cli watch', 'cli graph --open'] }),
  });
  assert.deepEqual(lines.slice(-4), [
    '  Cache:  25% hit · 14.2 KiB stored · saved 5.0s',
    '   Time:  2.5s   critical path 1m31s: base → web#build → web · recoverable 22.0s',
    '    Run:  01JD  ·  next: `cli watch`, `cli graph --open`',
    '',
  ]);
});

test('a failure says what has changed, and how to go on', () => {
  const lines = shown(failed, {
    suspects: (images, step) => (step === compile ? [`${images[0]}/a.ts`, ...'bcdef'.split('')] : []),
    shell: () => 'cli shell api',
    explain: (image) => `cli why ${image}`,
    logs: () => 'cli runs logs 01JD',
  });
  assert.ok(lines.includes('  … last 40 of 50 lines (cli runs logs 01JD)'));
  const at = lines.indexOf('  changed since last good build: api/a.ts, b, c, d, e, 1 more');
  assert.deepEqual(lines.slice(at + 1, at + 5), [
    '  blocked: web',
    '  debug:   cli shell api',
    '  explain: cli why api',
    '  retry:   cli build api',
  ]);
});

test('causes stand in the lines of JSON and in the summary of a job', () => {
  const facts: RunFacts = {
    cause: (image) => (image === 'web' ? { what: 'src/a|b.ts', step: '[7/9] COPY src/' } : undefined),
  };
  const stdout = memoryStream();
  const renderer = openJson({ ...start, facts }, { stdout });
  for (const event of built) renderer.report(event);
  const ends = stdout.text.split('\n').filter((line) => line.includes('"image.end"'));
  assert.deepEqual(
    ends.map((line) => (JSON.parse(line) as { readonly cause?: unknown }).cause),
    [{ what: 'src/a|b.ts', step: '[7/9] COPY src/' }, undefined],
  );
  const model = built.reduce(reduce, emptyModel({ ids: ['api', 'web'], startedAt: began, folders: new Map() }));
  const rows = (told: RunFacts) =>
    jobSummary(model, { ...start, facts: told }, { code: 0, endedAt: began + 2500 })
      .split('\n')
      .filter((line) => line.startsWith('| '));
  assert.equal(rows(facts)[0], '| image | result | why | time | size | digest |');
  assert.ok(rows(facts)[3]!.startsWith('| web | built | src/a&#124;b.ts → &#91;7/9&#93; COPY src/ | 1.3s |'));
  assert.equal(rows({})[0], '| image | result | time | size | digest |');
});
