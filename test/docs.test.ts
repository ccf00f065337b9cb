// What the documentation says of tests is true.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../packages/cli/src/commands.ts';
import { parseFlags } from '../packages/cli/src/flags/flags.ts';
import { projectRoot } from './rig/rig.ts';

test('each test that docs/registries.md names exists in the file it names', () => {
  const files = globSync('{packages/*/src,test}/**/*.test.ts', { cwd: projectRoot });
  const page = readFileSync(join(projectRoot, 'docs/registries.md'), 'utf8');
  const named = [...page.matchAll(/`([^`]+)` \(([\w-]+\.test\.ts)\)/g)];
  assert.ok(named.length > 30);
  const missing = named.filter(([, name, file]) => {
    const texts = files
      .filter((path) => basename(path) === file)
      .map((path) => readFileSync(join(projectRoot, path), 'utf8'));
    return !texts.some((text) => namesIn(text).some((pattern) => pattern.test(name!)));
  });
  assert.deepEqual(
    missing.map(([, name, file]) => `${name} (${file})`),
    [],
  );
});

test('every row about the specifications names a test', () => {
  const page = readFileSync(join(projectRoot, 'docs/registries.md'), 'utf8');
  const rows = page
    .slice(page.indexOf('| behaviour | test |'))
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.deepEqual(
    rows.slice(1).filter((row) => !row.endsWith('.test.ts) |')),
    [],
  );
});

test('the command lines of the workflows are ones', async () => {
  const texts = ['examples/ci/github.yml', 'docs/ci.md', 'docs/release.md'].map((path) =>
    readFileSync(join(projectRoot, path), 'utf8'),
  );
  const lines = texts.flatMap((text) => [...text.matchAll(/npx cli (\w+)(.*)$/gm)]);
  assert.ok(lines.length >= 4);
  for (const [line, name, rest] of lines) {
    const command = commands[name!];
    assert.ok(command, line);
    const words = rest!
      .split(/\s+/)
      .filter(Boolean)
      .map((word) => word.replaceAll('"', ''));
    parseFlags(words, (await command.load()).flags, {});
  }
});

/** The names of a file's tests; what a template fills in may be anything. */
function namesIn(text: string): RegExp[] {
  return [...text.matchAll(/^ *test\(\s*(['"`])((?:\\.|(?!\1)[^])*)\1/gm)].map(([, , name]) => {
    const plain = name!.replace(/\\(.)/g, '$1').split(/\$\{[^}]*\}/);
    return new RegExp(`^${plain.map((part) => RegExp.escape(part)).join('.*')}$`);
  });
}
