import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, type KeyPath, type Source } from './place.ts';

function at(text: string, path: KeyPath, more: Partial<Source> = {}): string | undefined {
  const range = placeOf({ file: 'f', text, syntax: 'objects', prefix: [], ...more }, path);
  return range && `${range.start.line}:${range.start.column}`;
}

const typescript = `import { defineConfig } from '@monokit/config';
// { images: { api: { tags: [] } } }
const web = { context: 'web', platfroms: ['a'] };
export default defineConfig(({ env }) => ({
  images: {
    web,
    'api': { tags: ['one', \`two-\${{ a: 1 }.a}\`, 'three'], args: { A: /[}]/.source, B: 1 / 2, C: 'x' } },
  },
}));
`;

const column = (text: string) => typescript.split('\n')[6]!.indexOf(text) + 1;

test('a key is found along its path in a TypeScript file', () => {
  assert.equal(at(typescript, ['images', 'api']), '7:5');
  assert.equal(at(typescript, ['images', 'api', 'args', 'C']), `7:${column("C: 'x'")}`);
});

test('an item of a list is found after a template with braces in it', () => {
  assert.equal(at(typescript, ['images', 'api', 'tags', 2]), `7:${column("'three'")}`);
});

test('a key written elsewhere is found if it is the only one of its name', () => {
  assert.equal(at(typescript, ['images', 'web', 'platfroms']), '3:31');
});

test('what cannot be found gives the nearest key above it', () => {
  assert.equal(at(typescript, ['images', 'api', 'missing']), '7:5');
  assert.equal(at(typescript, ['nothing']), undefined);
});

test('a prefix leads into package.json', () => {
  const text = '{\n  "images": { "x": 1 },\n  "buildkit": { "images": { "x": { "tags": 3 } } }\n}';
  assert.equal(at(text, ['images', 'x', 'tags'], { prefix: ['buildkit'] }), '3:36');
});

test('text that is no program is no reason to fail', () => {
  assert.equal(at('}}{[(`${', ['a']), undefined);
});

const yaml = `# comment
images:
  api:
    tags:
      - one
      - two # : no key
    dockerfileInline: |
      FROM x
      args: no
    args:
      "A": 1
  web: { context: web, tagz: [x, y] }
matrix:
- name: a
  port: 1
- name: b
  port: 2
`;

test('keys and items are found in YAML', () => {
  const of = (...path: KeyPath) => at(yaml, path, { syntax: 'yaml' });
  assert.equal(of('images', 'api'), '3:3');
  assert.equal(of('images', 'api', 'tags', 1), '6:9');
  assert.equal(of('images', 'api', 'args', 'A'), '11:7');
  assert.equal(of('images', 'web', 'tagz', 1), '12:34');
  assert.equal(of('matrix', 1, 'port'), '17:3');
});
