import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { failedOf } from '@monokit/engine/std/failed';
import { filtered, parseFilter } from './filter.ts';
import type { ResolvedTarget } from './target.ts';

const cwd = mkdtempSync(join(tmpdir(), 'monokit-filter-'));
after(() => rmSync(cwd, { recursive: true }));

const target = (id: string, name: string, selectors: readonly string[] = []) => {
  const folder = join(cwd, name);
  mkdirSync(folder, { recursive: true });
  return {
    id,
    image: id.split(':')[0],
    selectors,
    context: { kind: 'folder', path: folder },
    recipe: { kind: 'dockerfile', folder, name: 'Dockerfile' },
  } as unknown as ResolvedTarget;
};

const targets = new Map(
  [
    target('root', '.'),
    target('base', 'base'),
    target('api', 'services/api', ['tier:web']),
    target('worker:mail', 'services/worker'),
    target('worker:pdf', 'services/worker'),
    target('site', 'site', ['tier:web', 'slow']),
  ].map((each) => [each.id, each]),
);

const meant = async (...texts: string[]) => [
  ...(await filtered(texts.map(parseFilter), {
    targets,
    groups: new Map([['backend', ['api', 'worker:mail']]]),
    cwd,
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
    './services': [],
    './services/{api,none}': ['api'],
    './services/api/**': ['api'],
    './**/worker': ['worker:mail', 'worker:pdf'],
    './s*': ['site'],
    '{services/api}': ['api'],
    'worker*{./services/*}': ['worker:mail', 'worker:pdf'],
    './': ['root'],
    './**': ['root', 'base', 'api', 'worker:mail', 'worker:pdf', 'site'],
    'tag:tier:web': ['api', 'site'],
    './[x-z]*': [],
    './serv[i]ces/*[main]': ['api'],
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
    '{gone}[main]': [],
    '{services/*}^...': ['base'],
    'noth*': [],
    '...worker:mail...': ['base', 'worker:mail'],
  };
  for (const [text, expected] of Object.entries(table)) assert.deepEqual(await meant(text), expected, text);
});

test('several filters are one set, and ! takes away', async () => {
  assert.deepEqual(await meant('api', 'site'), ['api', 'site']);
  assert.deepEqual(await meant('!api'), ['root', 'base', 'worker:mail', 'worker:pdf', 'site']);
  assert.deepEqual(await meant('!./services/*', 'site...'), ['base', 'site']);
  assert.deepEqual(await meant('api', '!api'), []);
});

test('what is no filter is refused with what one looks like', () => {
  for (const text of [
    '',
    '!',
    '...',
    '[]',
    '[a...]',
    'x[',
    'a}b',
    'a^b',
    '{}',
    'a...b',
    './services/*^...',
    '...^./services',
  ]) {
    assert.throws(
      () => parseFilter(text),
      (error) => failedOf(error, 'filter') !== undefined,
      text,
    );
  }
});

test('a name or a folder that is not there is a mistake, a glob that finds nothing is not', async () => {
  const refused = async (...texts: string[]) =>
    meant(...texts).then(
      () => undefined,
      (error: unknown) => failedOf(error, 'filter')?.message,
    );
  assert.equal(await refused('apo'), '--filter "apo": there is no image or group "apo"; did you mean "api"?');
  for (const text of ['!apo', 'apo{services/*}', './gone/*', '{gone}', './services/gone']) {
    assert.match((await refused(text))!, /there is no/, text);
  }
  assert.equal(await refused('ap*'), undefined);
  assert.equal(await refused('./services/gone*'), undefined);
});
