// Changes that are not asked of git's history: files that somebody names, what is not committed, names that are no UTF-8.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';
import { Symlink, type Tree } from '../rig/tree.ts';

const files: Tree = {
  'buildkit.config.json': JSON.stringify({ discover: true }),
  base: { Dockerfile: 'FROM scratch\nCOPY tools /tools\n', tools: { t: 't' }, 'README.md': 'read' },
  api: { Dockerfile: 'FROM base\nCOPY src /src\n', src: { a: 'a', 'bé.txt': 'b' }, notes: 'n' },
  web: { Dockerfile: 'FROM scratch\nCOPY . /w\n', '.dockerignore': '*.md\n', 'w.txt': 'w', 'x.md': 'x' },
  link: new Symlink('api'),
};

function gitIn(rig: Rig, ...args: string[]): string {
  const words = ['-c', 'user.email=a@example.com', '-c', 'user.name=a', ...args];
  return execFileSync('git', words, { cwd: rig.dir, encoding: 'utf8' });
}

function commitAll(rig: Rig): void {
  gitIn(rig, 'init', '-q', '-b', 'main');
  gitIn(rig, 'add', '-A');
  gitIn(rig, 'commit', '-q', '-m', 'all');
}

async function affected(rig: Rig, args: readonly string[], stdin?: string): Promise<Record<string, string>> {
  const { stdout } = await rig.ok(['affected', '--json', ...args], stdin === undefined ? {} : { stdin });
  const { affected: images } = JSON.parse(stdout) as { affected: { id: string; cause: string }[] };
  return Object.fromEntries(images.map(({ id, cause }) => [id, cause]));
}

test('files that are named count by what reads them, without a repository, too', async () => {
  await using rig = await Rig.open(files);
  const table: readonly (readonly [args: readonly string[], expected: Record<string, string>])[] = [
    [['--files', 'api/src/a', 'base/README.md'], { api: 'api/src/a' }],
    [['--files=web/w.txt,web/x.md'], { web: 'web/w.txt' }],
    [['--files', 'web/x.md', 'api/notes', 'nowhere/at/all'], {}],
    [['--files', 'api/src/gone'], { api: 'api/src/gone' }],
    [['--files', 'link/src/a'], { api: 'api/src/a' }],
    [['--files', 'base/tools'], { api: 'base/tools', base: 'base/tools' }],
    [['--files', rig.path('web/w.txt')], { web: 'web/w.txt' }],
    // Nobody says what these were before.
    [['--files', 'base/Dockerfile'], { api: 'base/Dockerfile', base: 'base/Dockerfile' }],
    [['--files', 'web/.dockerignore'], { web: 'web/.dockerignore' }],
    [
      ['--files', 'buildkit.config.json'],
      { api: 'buildkit.config.json', base: 'buildkit.config.json', web: 'buildkit.config.json' },
    ],
    [['--files', '.'], { api: '.', base: '.', web: '.' }],
    [['web', '--files', 'base/tools/t', 'web/w.txt'], { web: 'web/w.txt' }],
  ];
  for (const [args, expected] of table) assert.deepEqual(await affected(rig, args), expected, args.join(' '));
  assert.deepEqual(await affected(rig, ['--stdin'], 'api/src/a\n"api/src/b\\303\\251.txt"\nweb/x.md\n'), {
    api: 'api/src/a',
  });
  assert.deepEqual(await affected(rig, ['--stdin'], 'web/x.md\0web/w.txt\0'), { web: 'web/w.txt' });
  assert.deepEqual(await affected(rig, ['--stdin'], ''), {});
  assert.deepEqual(await affected(rig, ['--stdin', '--files', 'web/w.txt'], 'api/src/a'), {
    api: 'api/src/a',
    web: 'web/w.txt',
  });
  const none = await rig.ok(['affected', '--files', 'api/notes']);
  assert.deepEqual([none.stdout, none.stderr], ['', 'nothing is affected by 1 file\n']);
});

test('build, plan, watch and ls take the same changes as affected', async () => {
  await using rig = await Rig.open(files);
  const ids = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);
  const build = ['build', 'all', '-q', '--affected'];
  assert.deepEqual(ids((await rig.ok([...build, '--files', 'web/w.txt'])).stdout), ['web']);
  assert.deepEqual(ids((await rig.ok([...build, '--stdin'], { stdin: 'base/tools/t\n' })).stdout), ['base', 'api']);
  assert.deepEqual(
    ids((await rig.ok([...build, '--stdin'], { stdin: 'web/w.txt\n' })).stdout),
    ['web'],
    'no kept answer',
  );
  assert.match((await rig.ok([...build, '--stdin'], { stdin: '' })).stderr, /nothing to do/);
  const plan = JSON.parse((await rig.ok(['plan', 'all', '--json', '--affected', '--files=api/src/a'])).stdout) as {
    images: { id: string }[];
  };
  assert.deepEqual(
    plan.images.map(({ id }) => id),
    ['api'],
  );
  const listed = JSON.parse((await rig.ok(['ls', '--json', '--affected', '--files', 'web/w.txt'])).stdout) as {
    images: { id: string }[];
  };
  assert.deepEqual(
    listed.images.map(({ id }) => id),
    ['web'],
  );
  const watch = rig.start(['watch', 'all', '--affected', '--stdin'], { stdin: 'web/w.txt\n' });
  await watch.told('in 1 image');
  watch.child.kill('SIGINT');
  assert.equal((await watch.done).code, 130);
});

test('what is not committed, of files that git knows and of others', async () => {
  await using rig = await Rig.open(files);
  commitAll(rig);
  appendFileSync(rig.path('web/w.txt'), 'more');
  writeFileSync(rig.path('api/src/new'), 'new');
  appendFileSync(rig.path('base/Dockerfile'), '# a comment\n');
  assert.deepEqual(await affected(rig, ['--uncommitted']), { web: 'web/w.txt' });
  assert.deepEqual(await affected(rig, ['--untracked']), { api: 'api/src/new' });
  const both = { api: 'api/src/new', web: 'web/w.txt' };
  assert.deepEqual(await affected(rig, ['--uncommitted', '--untracked']), both);
  mkdirSync(rig.path('fresh'));
  writeFileSync(rig.path('fresh/Dockerfile'), 'FROM scratch\nLABEL a=b\n');
  assert.deepEqual(await affected(rig, ['--untracked']), { api: 'api/src/new', fresh: 'fresh/Dockerfile' });
  gitIn(rig, 'add', 'web');
  assert.deepEqual(await affected(rig, ['--uncommitted', 'web']), { web: 'web/w.txt' }, 'staged is not committed');
  gitIn(rig, 'commit', '-q', '-m', 'web');
  assert.deepEqual(await affected(rig, ['--uncommitted', 'web']), {});
});

test('changes that are named in two ways, or for nothing, are refused', async () => {
  await using rig = await Rig.open(files);
  commitAll(rig);
  for (const [args, said] of [
    [['affected', '--files', 'a', '--base', 'main'], /--base asks git for changes that --files names/],
    [['affected', '--stdin', '--untracked'], /--untracked asks git for changes that --stdin names/],
    [['affected', '--uncommitted', '--head', 'main'], /--head asks for commits, and --uncommitted for what is in none/],
    [['affected', '--files'], /--files needs a value\n {2}write --files FILE…/],
    [['build', 'all', '--files', 'a'], /--files says which changes --affected counts\n {2}add --affected/],
    [['plan', 'all', '--base', 'main'], /--base says which changes --affected counts/],
    [['ls', '--untracked'], /--untracked says which changes/],
    [['build', './web', '--uncommitted'], /--uncommitted says which changes/],
  ] as const) {
    const { code, stderr } = await rig.cli(args);
    assert.deepEqual([code, said.test(stderr)], [2, true], `${args.join(' ')}: ${stderr}`);
  }
});

test('names that are no UTF-8 are those files, whether git knows or ignores them', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ discover: true }),
    '.gitignore': '*.ignored*\n',
    app: { Dockerfile: 'FROM scratch\nCOPY src /src\n', src: { plain: 'p' } },
  });
  const odd = (name: string) => Buffer.concat([Buffer.from(rig.path('app/src/')), Buffer.from(name, 'latin1')]);
  writeFileSync(odd('\xff.known'), 'a');
  commitAll(rig);
  assert.deepEqual(await affected(rig, ['--base', 'HEAD']), {}, 'what git knows is not ignored by it');
  writeFileSync(odd('\xfe.ignored'), 'a');
  assert.deepEqual(await affected(rig, ['--base', 'HEAD']), { app: 'app/src/\uFFFD.ignored (git ignores it)' });
  rmSync(odd('\xfe.ignored'));
  writeFileSync(odd('\xff.known'), 'b');
  assert.deepEqual(await affected(rig, ['--uncommitted']), { app: 'app/src/\uFFFD.known' });
  gitIn(rig, 'commit', '-q', '-a', '-m', 'known');
  // Another file whose name reads the same.
  gitIn(rig, 'config', 'core.excludesFile', rig.path('../excludes'));
  writeFileSync(rig.path('../excludes'), Buffer.from('\xfe.known\n', 'latin1'));
  writeFileSync(odd('\xfe.known'), 'c');
  assert.deepEqual(await affected(rig, ['--base', 'HEAD']), { app: 'app/src/\uFFFD.known (git ignores it)' });
});
