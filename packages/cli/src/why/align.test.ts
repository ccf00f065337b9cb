import assert from 'node:assert/strict';
import { test } from 'node:test';
import { align } from './align.ts';
import { step } from './made.fixture.ts';
import { normal } from './step.ts';

/** `a=a` stayed or edited, `+a` new, `-a` gone. */
function aligned(before: readonly string[], after: readonly string[]): string[] {
  const pairs = align(
    before.map((text) => step(text)),
    after.map((text) => step(text)),
  );
  return pairs.map(({ before: a, after: b }) =>
    a && b ? `${a[1].text}=${b[1].text}` : b ? `+${b[1].text}` : `-${a![1].text}`,
  );
}

test('edits, insertions and removals are found between what stayed', () => {
  const base = ['FROM a', 'COPY x /', 'RUN one', 'RUN two'];
  const same = base.map((text) => `${text}=${text}`);
  assert.deepEqual(aligned(base, base), same);
  assert.deepEqual(aligned(base, ['FROM a', 'COPY x /', 'RUN other', 'RUN two']), same.with(2, 'RUN one=RUN other'));
  assert.deepEqual(aligned(base, base.toSpliced(2, 0, 'RUN zero')), same.toSpliced(2, 0, '+RUN zero'));
  assert.deepEqual(aligned(base, base.toSpliced(1, 1)), same.with(1, '-COPY x /'));
  assert.deepEqual(aligned(base, base.with(0, 'FROM b')), same.with(0, 'FROM a=FROM b'));
  assert.deepEqual(aligned(base, ['FROM a', 'RUN one', 'COPY x /', 'RUN two']).toSorted(), same.toSorted());
  assert.deepEqual(
    aligned([], base),
    base.map((text) => `+${text}`),
  );
});

test('a chain of ten thousand steps is paired at once', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `RUN ${i}`);
  assert.equal(aligned(many, many.toSpliced(5000, 1, 'RUN other'))[5000], 'RUN 5000=RUN other');
});

test('comments, blanks and continued lines mean nothing', () => {
  assert.equal(normal('RUN a \\\n  # why\n\n   && b'), 'RUN a && b');
  assert.equal(normal('COPY  a   b'), 'COPY a b');
});
