import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Components } from './components.ts';
import { differencesOf } from './differences.ts';
import { explain, type Explaining, type Fate } from './explanation.ts';
import { chain, image, step } from './made.fixture.ts';

const fates = (of: Readonly<Record<string, Fate>> = {}) => ({
  of: new Map(Object.entries(of).map(([text, fate]) => [`sha256:${text}`, fate])),
  monokit: '1',
  cache: '/cache',
  at: 1,
});

function explained(before: Components, after: Components, explaining: Explaining) {
  const [differences] = differencesOf(before, after, () => undefined);
  return explain(differences!, explaining);
}

const lines = ({ causes }: ReturnType<typeof explained>) =>
  causes.map(({ kind, what, how, only, step: at }) => `${kind} ${what} ${how} ${at?.name ?? ''} +${only}`);

test('later steps are told with the cause that alone made them run', () => {
  const make = (a: string, b: string) =>
    image([
      step('FROM x'),
      step(`RUN ${a}`, { inputs: [0] }),
      step('RUN after-a', { inputs: [1] }),
      step(`RUN ${b}`, { inputs: [0] }),
      step('RUN after-b', { inputs: [3] }),
      step('RUN both', { inputs: [2, 4] }),
    ]);
  const ran = fates({
    'RUN a2': 'run',
    'RUN after-a': 'run',
    'RUN b2': 'run',
    'RUN after-b': 'cached',
    'RUN both': 'failed',
  });
  const found = explained(make('a1', 'b1'), make('a2', 'b2'), { before: fates(), after: ran });
  assert.deepEqual(lines(found), [
    'instruction Dockerfile:1 was RUN a1 [1/9] RUN a2 +1',
    'instruction Dockerfile:1 was RUN b1 [1/9] RUN b2 +0',
  ]);
  assert.deepEqual([found.ran, found.shared], [4, 1]);
});

test('a step that ran though nothing differs says why', () => {
  const made = (more = {}) => image(chain(step('FROM x'), step('RUN a', more), step('RUN b')));
  const after = fates({ 'FROM x': 'cached', 'RUN a': 'run', 'RUN b': 'run' });
  const table: readonly (readonly [how: string, before: ReturnType<typeof fates>, more?: object])[] = [
    ['its result is no longer in the cache', fates({ 'RUN a': 'cached' })],
    ['it failed in the run before', fates({ 'RUN a': 'failed' })],
    ['the run before was over before it', fates({ 'RUN a': 'cancelled' })],
    ['the run before did not come to it', fates()],
    ['told to run whatever is in the cache', fates({ 'RUN a': 'run' }), { forced: true }],
    ['it was not in the cache yet', { ...fates({ 'RUN a': 'cached' }), at: 2 }],
    ['another version of monokit: 0→1', { ...fates({ 'RUN a': 'run' }), monokit: '0' }],
  ];
  for (const [how, before, more] of table) {
    const found = explained(made(), made(more), { before, after });
    assert.deepEqual(lines(found), [`again nothing differs ${how} [1/9] RUN a +1`]);
  }
});

test('what the end of the run stopped is counted', () => {
  const made = image(chain(step('FROM x'), step('RUN a'), step('RUN b')));
  const after = fates({ 'FROM x': 'cached', 'RUN a': 'cancelled', 'RUN b': 'cancelled' });
  const { ran, stopped } = explained(made, made, { before: fates(), after });
  assert.deepEqual([ran, stopped], [0, 2]);
});

test('what ran in another cache is counted, and no cause', () => {
  const made = (b = 'RUN b') => image([step('FROM x'), step('RUN a', { inputs: [0] }), step(b, { inputs: [0] })]);
  const ran = fates({ 'FROM x': 'run', 'RUN a': 'run', 'RUN b': 'run', 'RUN b2': 'run' });
  const other = { steps: 3, before: '/other', after: '/cache' };
  const before = { ...fates(), cache: '/other' };
  const same = explained(made(), made(), { before, after: ran });
  assert.deepEqual([lines(same), same.otherCache], [[], other]);
  const changed = explained(made(), made('RUN b2'), { before, after: ran });
  assert.deepEqual(lines(changed), ['instruction Dockerfile:1 was RUN b [1/9] RUN b2 +0']);
  assert.deepEqual(changed.otherCache, { ...other, steps: 2 });
  const brought = explained(made(), made(), { before: { ...fates(), elsewhere: true }, after: ran });
  assert.deepEqual([lines(brought), brought.otherCache], [[], { ...other, before: '/cache' }]);
  assert.equal(explained(made(), made(), { before, after: fates() }).otherCache, undefined, 'nothing ran');
  const about = ({ text }: { readonly text?: string }) => text === 'RUN a';
  assert.equal(explained(made(), made('RUN b2'), { before, after: ran, about }).otherCache?.steps, 2);
});

test('a question about a step leaves out what does not lead to it', () => {
  const make = (a: string, b: string) =>
    image([step('FROM x'), step(`RUN ${a}`, { inputs: [0] }), step(`RUN ${b}`, { inputs: [0] })]);
  const about = ({ text }: { readonly text?: string }) => text === 'RUN b2';
  const found = explained(make('a1', 'b1'), make('a2', 'b2'), { before: fates(), after: fates(), about });
  assert.deepEqual(lines(found), ['instruction Dockerfile:1 was RUN b1 [1/9] RUN b2 +0']);
});

test('a step whose files the run before did not come to look at is told of, too', () => {
  const folder = step('', { name: '[internal] load build context', kind: 'source', parts: { source: 'local:///src' } });
  const make = (reads: object) => image([folder, step('FROM x'), step('COPY a /', { inputs: [1, 0], ...reads })]);
  const read = { reads: [{ folder: 0, path: '', content: '1', list: 'l' }] };
  const after = fates({ 'COPY a /': 'run' });
  const found = explained(make({}), make(read), { before: fates({ 'COPY a /': 'cancelled' }), after });
  assert.deepEqual(lines(found), [
    'again nothing that is known differs the run before was over before it [1/9] COPY a / +0',
  ]);
});
