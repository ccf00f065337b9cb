import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LintResults } from '@monokit/engine/subrequests/lint';
import type { Asked } from './ask.ts';
import { lintReport } from './lint-report.ts';

const data = Buffer.from('FROM scratch AS A\nENV a b\n').toString('base64');
const at = (line: number) => ({ ranges: [{ start: { line }, end: { line } }] });
const casing = { ruleName: 'StageNameCasing', url: 'https://x/', detail: 'lower case', location: at(1) };
const legacy = { ruleName: 'LegacyKeyValueFormat', detail: 'say a=b', location: at(2) };

function asked(id: string, results: Omit<LintResults, 'sources'>, file = `${id}/Dockerfile`): Asked {
  const json = JSON.stringify({ ...results, sources: [{ filename: 'Dockerfile', data }] });
  return { id, answer: { json, text: '', status: 0, version: '1.0.0' }, nameOf: () => file };
}

test('what several images find in one Dockerfile is told once, by line', () => {
  const { text, clean } = lintReport([
    asked('b', { warnings: [legacy] }, 'same/Dockerfile'),
    asked('a', { warnings: [legacy, casing] }, 'same/Dockerfile'),
    asked('c', { warnings: null }),
  ]);
  assert.equal(clean, false);
  assert.equal(
    text,
    [
      'WARNING: StageNameCasing - https://x/',
      'lower case',
      'same/Dockerfile:1',
      '--------------------',
      '   1 | >>> FROM scratch AS A',
      '   2 |     ENV a b',
      '   3 |     ',
      '--------------------',
      '',
      'WARNING: LegacyKeyValueFormat',
      'say a=b',
      'same/Dockerfile:2',
      '--------------------',
      '   1 |     FROM scratch AS A',
      '   2 | >>> ENV a b',
      '   3 |     ',
      '--------------------',
      '',
      '2 warnings in 2 Dockerfiles',
      '',
    ].join('\n'),
  );
});

test('Dockerfiles of one name with other texts are others', () => {
  const other = Buffer.from('FROM scratch\n').toString('base64');
  const json = JSON.stringify({ warnings: [casing], sources: [{ filename: 'Dockerfile', data: other }] });
  const inline: Asked = {
    ...asked('b', { warnings: [] }, 'Dockerfile'),
    answer: { json, text: '', status: 1, version: '' },
  };
  assert.match(
    lintReport([asked('a', { warnings: [casing] }, 'Dockerfile'), inline]).text,
    /2 warnings in 2 Dockerfiles/,
  );
});

test('errors are counted beside warnings, with their place where they have one', () => {
  const { text, clean } = lintReport([
    asked('a', { warnings: [casing], buildError: { message: 'no such image', location: at(1) } }),
    asked('b', { warnings: [], buildError: { message: 'a is broken', location: {} } }),
    { id: 'c', answer: { failure: 'error: gone\n', message: 'gone' }, nameOf: () => '' },
  ]);
  assert.equal(clean, false);
  assert.match(text, /\n\nERROR: no such image\na\/Dockerfile:1\n---/);
  assert.match(text, /\n\nERROR: b\/Dockerfile: a is broken\n\nERROR: c: gone\n/);
  assert.match(text, /\n\n1 warning and 3 errors in 2 Dockerfiles\n$/);
});

test('nothing found is one line', () => {
  assert.deepEqual(lintReport([asked('a', { warnings: [] })]), { text: 'no warnings in 1 Dockerfile\n', clean: true });
});
