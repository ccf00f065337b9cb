import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { commands } from './commands.ts';
import { overview, commandHelp } from './help.ts';

const docs = join(import.meta.dirname, '../../../docs');
const page = readFileSync(join(docs, 'cli.md'), 'utf8');

for (const [name, { summary, load }] of Object.entries(commands)) {
  test(`docs/cli.md has the command ${name} and all its flags`, async () => {
    const { flags } = await load();
    assert.match(page, new RegExp(`\`${name}[\` ]`));
    const missing = Object.entries(flags).flatMap(([flag, { short }]) => [
      ...(new RegExp(`--${flag}(?![\\w-])`).test(page) ? [] : [`--${flag}`]),
      ...(short === undefined || page.includes(`\`-${short}\``) || page.includes(`--${flag}`) ? [] : [`-${short}`]),
    ]);
    assert.deepEqual(missing, []);
  });

  test(`the help of ${name} teaches: what it does, examples, a sentence for each flag`, async () => {
    const command = await load();
    assert.equal(command.summary, summary);
    assert.ok(command.description.trim().length > 80);
    assert.ok(command.examples.length > 0);
    for (const [line] of command.examples) assert.match(line, new RegExp(`^(cli ${name}\\b)`));
    for (const { help } of Object.values(command.flags)) assert.match(help, /^[A-Z].*[^.]$/);
    const text = commandHelp(name, command);
    for (const flag of Object.keys(command.flags)) assert.ok(text.includes(`--${flag}`));
  });

  test(`the help of ${name} fits in its columns, and no line ends with a space`, async () => {
    const command = await load();
    const examples = new Set(command.examples.map(([line]) => `  ${line}`));
    for (const columns of [60, 80, 100]) {
      const lines = stripVTControlCharacters(commandHelp(name, command, columns)).split('\n');
      // What is to be typed stays on one line, and a word is not broken.
      const long = lines.filter((line) => line.length > columns && line.trim().includes(' ') && !examples.has(line));
      assert.deepEqual(long, []);
      assert.deepEqual(
        lines.filter((line) => /\s$/.test(line)),
        [],
      );
    }
  });
}

test('the overview lists all commands and the exit codes', () => {
  const text = overview('1.2.3', commands);
  for (const name of Object.keys(commands)) assert.match(text, new RegExp(`^ {2}${name} `, 'm'));
  for (const code of [0, 1, 2, 130]) assert.match(text, new RegExp(`^ {2}${code} {2}`, 'm'));
});

test('docs/events.md describes every type of line', () => {
  const source = readFileSync(join(import.meta.dirname, 'ui/json.ts'), 'utf8');
  const types = new Set([...source.matchAll(/write\(\s*'([a-z.]+)'/g)].map(([, type]) => type!));
  assert.ok(types.size >= 12);
  const events = readFileSync(join(docs, 'events.md'), 'utf8');
  assert.deepEqual(
    [...types].filter((type) => !events.includes(`| \`${type}\` |`)),
    [],
  );
});
