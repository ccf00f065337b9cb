// Answers are kept for images that functions define, and Dockerfiles that are written in the config, where files tell
// what those give.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

/** A config with an image that a function defines, which copies `src` and writes what `word` gives. */
const defining = (word: string, imports = '') => `
import { llb } from '@monokit/engine';
${imports}
export default {
  images: {
    told: {
      define: async () => llb.scratch().file(llb.mkfile('/word', String(${word}))).copy(llb.local('context'), 'src', '/src'),
    },
  },
};
`;

const inline = `export default { images: { told: { dockerfileInline: 'FROM scratch\\nCOPY src /src\\n' } } };`;

/** How many answers are kept after so many builds as it takes where one is kept at all. */
async function kept(rig: Rig): Promise<number> {
  const folder = join(rig.cacheDir, 'fresh');
  for (let attempt = 0; attempt < 4; attempt++) {
    await rig.ok(['build', '-q', 'all']);
    if (existsSync(folder)) return readdirSync(folder).length;
  }
  return 0;
}

for (const [what, config, change] of [
  ['a function', defining(`'one'`), defining(`'two'`)],
  ['a function and what it imports', defining('word', `import { word } from './word.ts';`), undefined],
  ['a Dockerfile in the config', inline, inline.replace('/src\\n', '/other\\n')],
] as const) {
  test(`an answer is kept of ${what}, until a file that decides it changes`, async () => {
    await using rig = await Rig.open({
      'buildkit.config.ts': config,
      'word.ts': `export const word: string = 'one';`,
      src: { a: 'a' },
    });
    assert.equal(await kept(rig), 1);
    const build = async () => (await rig.ok(['build', '-q', 'all'])).stdout;
    const first = await build();
    assert.equal(await build(), first);
    writeFileSync(rig.path('src/a'), 'b');
    const second = await build();
    assert.notEqual(second, first);
    if (change !== undefined) writeFileSync(rig.path('buildkit.config.ts'), change);
    else writeFileSync(rig.path('word.ts'), `export const word: string = 'two';`);
    const third = await build();
    assert.notEqual(third, second);
    await using clean = await Rig.open();
    const anew = await rig.ok(['build', '-q', 'all'], { env: { MONOKIT_CACHE_DIR: clean.cacheDir } });
    assert.equal(anew.stdout, third, 'as a build without any cache gives it');
  });
}

test('an answer is kept of a config that asks git, until something else is checked out', async () => {
  await using rig = await Rig.open({
    'buildkit.config.ts': `export default ({ git }) => ({
      images: { told: { dockerfileInline: 'FROM scratch\\nCOPY src /src\\nLABEL commit=' + git.commit + ' branch=' + git.branch } },
    });`,
    src: { a: 'a' },
  });
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', rig.dir, '-c', 'user.name=a', '-c', 'user.email=a@localhost', ...args], {
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  assert.equal(await kept(rig), 1);
  const seen = new Set<string>();
  const build = async () => seen.add((await rig.ok(['build', '-q', 'all'])).stdout).size;
  assert.equal(await build(), 1);
  writeFileSync(rig.path('.git/index.lock'), '');
  rmSync(rig.path('.git/index.lock'));
  const folder = join(rig.cacheDir, 'fresh');
  const written = () => readdirSync(folder).map((name) => statSync(join(folder, name)).ino);
  const before = written();
  assert.equal(await build(), 1);
  assert.deepEqual(written(), before, 'told again though git was at work');
  for (const [i, change] of [
    () => git('commit', '-q', '--allow-empty', '-m', 'two'),
    () => git('checkout', '-q', '-b', 'other'),
    () => git('checkout', '-q', '--detach', 'HEAD~1'),
  ].entries()) {
    change();
    assert.equal(await build(), i + 2);
  }
  git('checkout', '-q', 'other');
  git('pack-refs', '--all');
  assert.equal(await build(), 4, 'packed or not');
});

for (const [what, word, imports] of [
  ['the clock', 'new Date().getFullYear() > 0', ''],
  ['chance', 'Math.random() >= 0', ''],
  ['the machine', 'process.memoryUsage().rss > 0', ''],
  ['what is imported while it runs', `(await import('./word.ts')).word`, ''],
  [
    'what reads files',
    `readFileSync(new URL('word.ts', import.meta.url)).length`,
    `import { readFileSync } from 'node:fs';`,
  ],
] as const) {
  test(`no answer is kept of a function that looks at ${what}`, async () => {
    await using rig = await Rig.open({
      'buildkit.config.ts': defining(word, imports),
      'word.ts': `export const word: string = 'one';`,
      src: { a: 'a' },
    });
    assert.equal(await kept(rig), 0);
  });
}
