import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HclMistake } from '../hcl/mistake.ts';
import { parseYaml } from './yaml.ts';

const valueOf = (text: string) => parseYaml({ file: 'compose.yaml', text }).value;
const mistakes = (text: string): readonly string[] => {
  try {
    valueOf(text);
  } catch (error) {
    assert.ok(error instanceof HclMistake, String(error));
    return error.problems.map(({ message }) => message);
  }
  return [];
};

test('anchors, merge keys and keys of any type', () => {
  const text = 'a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc: { <<: [{ x: 1 }, { x: 2, z: 4 }] }\n1: true\n';
  assert.deepEqual(valueOf(text), { a: { x: 1, y: 2 }, b: { x: 1, y: 3 }, c: { x: 1, z: 4 }, 1: true });
});

test('hostile files are a mistake, whatever they do', () => {
  assert.deepEqual(mistakes(`x: ${'['.repeat(100_000)}`), ['this is nested too deeply']);
  assert.deepEqual(mistakes(`x: ${'['.repeat(20_000)}${']'.repeat(20_000)}`), ['this is nested too deeply']);
  const lines = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]`);
  assert.match(mistakes(`a0: &a0 [x]\n${lines.join('\n')}\n`)[0]!, /aliases/);
  assert.ok(mistakes(']\n'.repeat(1000)).length <= 5);
});
