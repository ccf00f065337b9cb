import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globTest, type GlobStep } from './glob-steps.ts';

const kinds: readonly GlobStep[] = [
  { kind: 'one', source: 'a' },
  { kind: 'one', source: '[^/]' },
  { kind: 'one', source: '\\/' },
  { kind: 'run' },
  { kind: 'folders' },
  { kind: 'rest' },
];

/** All lists of up to `length` items. */
function lists<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  if (length === 0) return [[]];
  const shorter = lists(items, length - 1);
  return [
    ...shorter,
    ...shorter.filter((list) => list.length === length - 1).flatMap((list) => items.map((item) => [...list, item])),
  ];
}

test('patterns of many stars match what an expression would', () => {
  const sources = { run: '[^/]*', folders: '(?:.*/)?', rest: '.*' };
  const paths = lists(['a', 'b', '/'], 4).map((characters) => characters.join(''));
  for (const steps of lists(kinds, 4)) {
    const stars = steps.filter(({ kind }) => kind !== 'one').length;
    if (stars < 3) continue; // those are expressions
    const source = steps.map((step) => (step.kind === 'one' ? step.source : sources[step.kind])).join('');
    const [expression, matcher] = [new RegExp(`^${source}$`, 'su'), globTest(steps)];
    for (const path of paths) assert.equal(matcher.test(path), expression.test(path), `${source} and ${path}`);
  }
});
