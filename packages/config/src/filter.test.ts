import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedOf } from '@monokit/engine/std/failed';
import { filtered, parseFilter } from './filter.ts';
import type { ResolvedTarget } from './target.ts';

const target = (id: string, folder: string, selectors: readonly string[] = []) =>
  ({
    id,
    image: id.split(':')[0],
    selectors,
    context: { kind: 'folder', path: folder },
    recipe: { kind: 'dockerfile', folder, name: 'Dockerfile' },
  }) as unknown as ResolvedTarget;

const targets = new Map(
  [
    target('base', '/w/base'),
    target('api', '/w/services/api', ['tier:web']),
    target('worker:mail', '/w/services/worker'),
    target('worker:pdf', '/w/services/worker'),
    target('site', '/w/site', ['tier:web', 'slow']),
  ].map((each) => [each.id, each]),
);

const meant = async (...texts: string[]) => [
  ...(await filtered(texts.map(parseFilter), {
    targets,
    groups: new Map([['backend', ['api', 'worker:mail']]]),
    cwd: '/w',
    affected: async ({ base, head }) => new Set(base === 'main' && head === undefined ? ['api', 'site'] : ['base']),
    needs: async () => [
      ['api', 'base'],
      ['worker:mail', 'base'],
      ['site', 'api'],
    ],
  })),
];

test('a filter means images by name, group, folder, selector, and by what they are built from', async () => {
  const table: Record<string, readonly string[]> = {
    api: ['api'],
    'worker*': ['worker:mail', 'worker:pdf'],
    worker: ['worker:mail', 'worker:pdf'],
    backend: ['api', 'worker:mail'],
    './services/*': ['api', 'worker:mail', 'worker:pdf'],
    './services': ['api', 'worker:mail', 'worker:pdf'],
    '{services/api}': ['api'],
    'worker*{./services/*}': ['worker:mail', 'worker:pdf'],
    './': ['base', 'api', 'worker:mail', 'worker:pdf', 'site'],
    'tag:tier:web': ['api', 'site'],
    'tag:slow': ['site'],
    'site...': ['base', 'api', 'site'],
    'site^...': ['base', 'api'],
    '...base': ['base', 'api', 'worker:mail', 'site'],
    '...^base': ['api', 'worker:mail', 'site'],
    '...api...': ['base', 'api', 'site'],
    '[main]': ['api', 'site'],
    'api[main]': ['api'],
    '{site}[main]': ['site'],
    '...[v1...v2]': ['base', 'api', 'worker:mail', 'site'],
    '[v1]...[v2]': ['base'],
    'site...[main]': ['site'],
    nothing: [],
  };
  for (const [text, expected] of Object.entries(table)) assert.deepEqual(await meant(text), expected, text);
});

test('several filters are one set, and ! takes away', async () => {
  assert.deepEqual(await meant('api', 'site'), ['api', 'site']);
  assert.deepEqual(await meant('!api'), ['base', 'worker:mail', 'worker:pdf', 'site']);
  assert.deepEqual(await meant('!./services/*', 'site...'), ['base', 'site']);
});

test('what is no filter is refused with what one looks like', () => {
  for (const text of ['', '!', '...', '[]', '[a...]', 'x[', 'a}b', 'a^b', '{}', 'a...b']) {
    assert.throws(
      () => parseFilter(text),
      (error) => failedOf(error, 'filter') !== undefined,
      text,
    );
  }
});
