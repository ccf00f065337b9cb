import assert from 'node:assert/strict';
import { test } from 'node:test';
import { command, type Command } from '../command.ts';
import { answer } from './answer.ts';
import { suggest, type Known } from './suggest.ts';
import { typedIn } from './typed.ts';

const bake = command({
  summary: 'Bake',
  usage: '[IMAGE | IMAGE#STAGE]… | FOLDER',
  description: '',
  flags: {
    progress: { kind: 'value', alias: 'ui', among: ['plain', 'tty'], help: 'How' },
    allow: { kind: 'list', among: ['device', 'device=NAME'], help: 'What' },
    config: { kind: 'value', short: 'f', placeholder: 'FILE', help: 'Which' },
    'cache-dir': { kind: 'value', placeholder: 'FOLDER', help: 'Where' },
    set: { kind: 'list', placeholder: 'IMAGE.KEY=VALUE', help: 'More' },
    filter: { kind: 'list', short: 'F', placeholder: 'FILTER', help: 'Less' },
    files: { kind: 'words', placeholder: 'FILE…', help: 'Those' },
    quiet: { kind: 'switch', short: 'q', help: 'Less said' },
  },
  examples: [],
  run: async () => 0,
});
const runs = command({ ...bake, usage: '{ls | show [RUN] | logs [RUN] [STEP|IMAGE] | diff [RUN] [RUN]}' });

const known: Known = {
  commands: {
    bake: { summary: 'Bake', load: async () => bake as Command },
    runs: { summary: 'Runs', load: async () => runs as Command },
  },
  images: async () => [{ value: 'api', help: 'A service' }, { value: 'web' }],
  stages: async (image) => [{ value: `${image}#test` }],
  tags: async () => ['tier:web'],
  runs: async () => [{ value: '01jd7x', help: 'just now: cli build' }, { value: '01jd4a' }],
};

async function said(line: string): Promise<string> {
  const suggestions = await suggest(typedIn(line), known);
  return suggestions.kind === 'words'
    ? suggestions.words.map(({ value, open }) => value + (open ? '…' : '')).join(' ')
    : `:${suggestions.kind}${suggestions.after && ` after ${suggestions.after}`}`;
}

test('what may come next', async () => {
  for (const [line, words] of [
    ['cli ', 'bake runs help'],
    ['cli b', 'bake'],
    ['cli help r', 'runs'],
    ['cli nothing ', ''],
    ['cli bake ', 'all api web'],
    ['cli bake a', 'all api'],
    ['cli bake api#', 'api#test'],
    ['cli bake ./', ':folders'],
    ['cli bake --pro', '--progress'],
    ['cli bake --quiet --q', ''],
    ['cli bake --set a --s', '--set'],
    ['cli bake --progress ', 'plain tty'],
    ['cli bake --ui t', 'tty'],
    ['cli bake --progress=p', '--progress=plain'],
    ['cli bake --allow d', 'device device=…'],
    ['cli bake -f ', ':files'],
    ['cli bake --config=x', ':files after --config='],
    ['cli bake --cache-dir ', ':folders'],
    ['cli bake --set ', 'api.… web.…'],
    ['cli bake -F tag:', 'tag:tier:web'],
    ['cli bake --files ', ':files'],
    ['cli bake --files a b', ':files'],
    ['cli bake --files a --quiet w', 'web'],
    ['cli bake --files=a w', 'web'],
    ['cli bake -- --p', ''],
    ['cli runs ', 'ls show logs diff'],
    ['cli runs ls ', ''],
    ['cli runs show ', '01jd7x 01jd4a'],
    ['cli runs logs -n 5 01jd7', '01jd7x'],
    ['cli runs diff 01jd7x ', '01jd7x 01jd4a'],
  ] as const) {
    assert.equal(await said(line), words, line);
  }
});

test('words are split as a shell does', () => {
  assert.deepEqual(typedIn(`cli build "a b" 'c"d' e\\ f g`), { before: ['build', 'a b', 'c"d', 'e f'], word: 'g' });
  assert.deepEqual(typedIn('cli build '), { before: ['build'], word: '' });
  assert.deepEqual(typedIn(`cli build 'open wo`), { before: ['build'], word: 'open wo' });
});

test('bash gets what stands behind its last break, others the word with its meaning', async () => {
  const words = await suggest(typedIn('cli bake --progress=p'), known);
  assert.equal(answer(words, 'bash', '--progress=p'), 'plain\n');
  assert.equal(answer(words, 'zsh', '--progress=p'), '--progress=plain\n');
  const images = await suggest(typedIn('cli bake ap'), known);
  assert.equal(answer(images, 'fish', 'ap'), 'api\tA service\n');
  assert.equal(answer(images, 'bash', 'ap'), 'api\n');
});
