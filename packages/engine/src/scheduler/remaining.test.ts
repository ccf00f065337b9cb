import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remainingPaths } from './remaining.ts';

interface Node {
  readonly name: string;
  readonly takes: number;
  readonly inputs: readonly { readonly vertex: Node }[];
}

const node = (name: string, takes: number, ...inputs: readonly Node[]): Node => ({
  name,
  takes,
  inputs: inputs.map((vertex) => ({ vertex })),
});

test('a path is a step and the longest of what waits for it', () => {
  const base = node('base', 2);
  const [short, long] = [node('short', 1, base), node('long', 10, base)];
  const all = [base, short, long, node('join', 3, short, long), node('alone', 4)];
  const paths = remainingPaths(all, ({ takes }) => takes);
  assert.deepEqual(Object.fromEntries([...paths].map(([{ name }, path]) => [name, path])), {
    base: 15,
    short: 4,
    long: 13,
    join: 3,
    alone: 4,
  });
  const behind = new Map([[short, 100]]);
  assert.equal(remainingPaths(all, ({ takes }) => takes, behind).get(base), 103);
});
