import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetailedStep } from '../graph/details.ts';
import { rebuildOf } from './rebuild.ts';

/** A step whose digest is what it does and what that is done to, as an op's is. */
function step(
  name: string,
  inputs: readonly DetailedStep[],
  { line, facts = [name] }: { line: number; facts?: readonly string[] },
): DetailedStep {
  const own = facts.join();
  return {
    digest: `${own}(${inputs.map(({ digest }) => digest).join()})`,
    own,
    name,
    inputs: inputs.map(({ digest }) => digest),
    images: ['app'],
    kind: 'exec',
    facts,
    key: { inputs: [] },
    source: { file: 'Dockerfile', lines: [line, line] },
  };
}

function chain(second: string, facts?: readonly string[]): readonly DetailedStep[] {
  const first = step('[build 1/3] RUN one', [], { line: 1 });
  const changed = step(`[build 2/3] ${second}`, [first], { line: 2, ...(facts && { facts }) });
  const third = step('[build 3/3] RUN three', [changed], { line: 3 });
  return [first, changed, third, step('[other 1/1] RUN other', [], { line: 5 })];
}

test('equal graphs rebuild nothing', () => {
  assert.deepEqual(rebuildOf(chain('RUN two'), chain('RUN two')), { steps: {}, gone: 0 });
});

test('a changed step tells what it was, and those behind it what they follow', () => {
  const after = chain('RUN zwei');
  const { steps, gone } = rebuildOf(chain('RUN two'), after);
  assert.deepEqual(Object.keys(steps), [after[1]!.digest, after[2]!.digest]);
  assert.deepEqual(steps[after[1]!.digest], { kind: 'changed', because: 'was RUN two', roots: [after[1]!.digest] });
  assert.deepEqual(steps[after[2]!.digest], { kind: 'follows', because: 'follows line 2', roots: [after[1]!.digest] });
  assert.equal(gone, 2);
});

test('a step that reads as before tells what is different around it', () => {
  const after = chain('RUN two', ['exec two', 'env A=2', 'mount / #7']);
  const { steps } = rebuildOf(chain('RUN two', ['exec two', 'env A=1', 'mount / #3']), after);
  assert.equal(steps[after[1]!.digest]!.because, 'another environment: A');
});

test('a new stage is new, and a step less is none to build', () => {
  const before = chain('RUN two');
  const added = step('[more 1/1] RUN more', [], { line: 9 });
  assert.equal(rebuildOf(before, [...before, added]).steps[added.digest]!.because, 'the stage more is new');
  assert.deepEqual(rebuildOf(before, before.slice(0, 3)), { steps: {}, gone: 1 });
});
