// Which images a change affects: told from what steps read, compared with what a full build really changes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Random } from '../rig/random.ts';
import { Rig } from '../rig/rig.ts';
import { Symlink, type Tree } from '../rig/tree.ts';

const config = {
  discover: true,
  defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
  images: { web: { args: { TITLE: 'shop' }, selectors: 'ui' } },
};

const files: Tree = {
  'buildkit.config.json': JSON.stringify(config),
  base: { Dockerfile: 'FROM busybox\nCOPY tools /tools\n', tools: { t: 't' }, 'README.md': 'read' },
  api: {
    Dockerfile: 'FROM base\nCOPY --exclude=*.md src /src\nRUN cat /src/* > /all\n',
    src: { a: 'a', b: 'b', 'c.md': 'c' },
    notes: 'n',
  },
  web: {
    Dockerfile:
      'FROM busybox AS build\nARG TITLE\nCOPY *.txt /w/\nRUN echo $TITLE > /t\nFROM busybox\nCOPY --from=build /w /w\nCOPY --from=build /t /t\n',
    'w.txt': 'w',
    'x.md': 'x',
  },
  tool: {
    Dockerfile: 'FROM busybox\nCOPY . /t\n',
    '.dockerignore': '*.md\nDockerfile\n.dockerignore\n',
    q: 'q',
    'm.md': 'm',
    deep: { er: { file: 'f' } },
  },
  mount: {
    Dockerfile: 'FROM api\nRUN --mount=type=bind,source=in,target=/in cp /in/f /f\n',
    in: { f: 'f' },
    out: 'o',
  },
};

class Repository {
  readonly rig: Rig;

  static async open(tree: Tree = files): Promise<Repository> {
    const rig = await Rig.open(tree);
    const repository = new Repository(rig);
    repository.git('init', '-q', '-b', 'main');
    repository.git('add', '-A');
    repository.commit();
    return repository;
  }

  private constructor(rig: Rig) {
    this.rig = rig;
  }

  git(...args: string[]): void {
    execFileSync('git', ['-c', 'user.email=a@example.com', '-c', 'user.name=a', ...args], { cwd: this.rig.dir });
  }

  commit(): void {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'change');
  }

  undo(): void {
    this.git('checkout', '-q', '.');
    this.git('clean', '-fdq');
  }

  async affected(...args: string[]): Promise<Record<string, string>> {
    const { stdout } = await this.rig.ok(['affected', '--json', ...args]);
    const { affected } = JSON.parse(stdout) as { affected: { id: string; cause: string }[] };
    return Object.fromEntries(affected.map(({ id, cause }) => [id, cause]));
  }

  /** Digests of all images by id. */
  async digests(): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.rig.ok(['build', 'all', '-q']);
    const lines = stdout.trim().split('\n');
    return new Map(lines.map((line) => line.split('\t') as [string, string]));
  }
}

test('a change affects the images whose steps read it, and those built from them', async () => {
  const repository = await Repository.open();
  await using rig = repository.rig;
  const append = (path: string, text = 'more\n') => appendFileSync(rig.path(path), text);
  const table: [what: string, change: () => void, expected: Record<string, string>][] = [
    ['nothing', () => undefined, {}],
    [
      'files that no COPY selects',
      () => ['base/README.md', 'api/notes', 'web/x.md', 'mount/out'].forEach((path) => append(path)),
      {},
    ],
    ['an ignored file', () => append('tool/m.md'), {}],
    ['an excluded file', () => append('api/src/c.md'), {}],
    [
      'a file of a base',
      () => append('base/tools/t'),
      { base: 'base/tools/t', api: 'base/tools/t', mount: 'base/tools/t' },
    ],
    ['a mounted file', () => append('mount/in/f'), { mount: 'mount/in/f' }],
    ['a new file that a wildcard means', () => append('web/y.txt'), { web: 'web/y.txt' }],
    ['a file that is gone', () => rmSync(rig.path('tool/deep/er/file')), { tool: 'tool/deep/er/file' }],
    ['a mode', () => chmodSync(rig.path('tool/q'), 0o755), { tool: 'tool/q' }],
    ['a comment', () => append('base/Dockerfile', '# nothing\n'), {}],
    ['an ignore pattern for nothing', () => append('tool/.dockerignore', 'zzz\n'), {}],
    ['an ignore pattern for something', () => append('tool/.dockerignore', '!m.md\n'), { tool: 'tool/m.md' }],
    [
      'an argument',
      () => writeFileSync(rig.path('buildkit.config.json'), JSON.stringify(config).replace('shop', 'store')),
      { web: 'another step' },
    ],
    [
      'an image',
      () => void (mkdirSync(rig.path('neu')), append('neu/Dockerfile', 'FROM busybox\n')),
      { neu: 'a new image' },
    ],
  ];
  for (const [what, change, expected] of table) {
    change();
    assert.deepEqual(await repository.affected('--base', 'HEAD'), expected, what);
    repository.undo();
  }
});

test('between commits, by the fork, as a matrix, and what a build makes of it', async () => {
  const repository = await Repository.open();
  await using rig = repository.rig;
  repository.git('checkout', '-q', '-b', 'feature');
  writeFileSync(rig.path('web/w.txt'), 'other');
  repository.commit();
  repository.git('checkout', '-q', 'main');
  writeFileSync(rig.path('tool/q'), 'other');
  repository.commit();
  repository.git('checkout', '-q', 'feature');
  assert.deepEqual(Object.keys(await repository.affected()), ['web'], 'main went on after the fork');
  assert.deepEqual(Object.keys(await repository.affected('--base', 'HEAD')), []);
  writeFileSync(rig.path('api/src/a'), 'not committed');
  assert.deepEqual(Object.keys(await repository.affected()), ['api', 'mount', 'web']);
  assert.deepEqual(Object.keys(await repository.affected('--head', 'feature')), ['web']);
  const { stdout: matrix } = await rig.ok(['affected', 'web', 'tool', '--matrix']);
  assert.equal(matrix, '{"include":[{"image":"web"}]}\n');
  assert.equal((await rig.cli(['affected', '--matrix', '--json'])).code, 2);
  const built = async (...args: string[]) => {
    const { stdout } = await rig.ok(['build', '--affected', '-q', ...args]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0])
      .sort();
  };
  assert.deepEqual(await built('--filter', '!mount'), ['api', 'web']);
  assert.deepEqual(await built('--filter', '!mount'), ['api', 'web']);
  repository.undo();
  assert.deepEqual(await built('--filter', '!mount'), ['web'], 'no answer of before is told');
  const none = await rig.ok(['build', '--affected', '--base', 'HEAD']);
  assert.match(none.stderr, /nothing to do/);
  assert.deepEqual(
    JSON.parse((await rig.ok(['ls', 'all', '--filter', '...base', '--json'])).stdout).images.map(
      ({ id }: { id: string }) => id,
    ),
    ['api', 'base', 'mount'],
  );
  const folder = await rig.cli(['build', '--affected', './web']);
  assert.deepEqual([folder.code, /choose images of a workspace/.test(folder.stderr)], [2, true]);
  const unknown = await rig.cli(['affected', '--base', 'nowhere']);
  assert.deepEqual([unknown.code, /git knows no nowhere/.test(unknown.stderr)], [2, true]);
});

test('the affected images are those whose digests a full build changes, for changes of all kinds', async () => {
  const repository = await Repository.open();
  await using rig = repository.rig;
  const before = await repository.digests();
  const random = new Random(20_261_122);
  const pick = <T>(items: readonly T[]): T => random.pick(items);
  const paths = [
    'api/src/a',
    'api/src/b',
    'api/src/c.md',
    'api/notes',
    'base/tools/t',
    'base/README.md',
    'web/w.txt',
    'web/x.md',
    'tool/q',
    'tool/m.md',
    'tool/deep/er/file',
    'mount/in/f',
    'mount/out',
  ];
  const dockerfiles = ['api', 'base', 'web', 'tool', 'mount'].map((name) => `${name}/Dockerfile`);
  const kinds: readonly (() => void)[] = [
    () => appendFileSync(rig.path(pick(paths)), String(random.next())),
    () => rmSync(rig.path(pick(['api/src/b', 'tool/m.md', 'tool/q', 'web/x.md', 'api/notes']))),
    () => chmodSync(rig.path(pick(paths)), 0o755),
    () => renameSync(rig.path('tool/q'), rig.path(`tool/${pick(['r', 'r.md', 'deep/q'])}`)),
    () => {
      const path = rig.path(
        pick(['api/src/new', 'api/new', 'web/new.txt', 'web/new/n.txt', 'tool/new/n', 'base/tools/d/n']),
      );
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, String(random.next()));
    },
    () => symlinkSync('q', rig.path(`tool/${pick(['link', 'link.md'])}`)),
    () =>
      appendFileSync(rig.path(pick(dockerfiles)), pick(['# words\n', '\n', 'ENV A=1\n', 'RUN true\n', 'LABEL a=b\n'])),
    () => appendFileSync(rig.path('tool/.dockerignore'), pick(['deep\n', 'none\n', '!m.md\n', '# words\n'])),
    () =>
      writeFileSync(rig.path('buildkit.config.json'), JSON.stringify(config).replace('shop', pick(['shop', 'store']))),
  ];
  let [right, wrong] = [0, 0];
  for (let round = 0; round < 30; round++) {
    // Each kind comes, then mixtures of them.
    const changes =
      round < kinds.length ? [kinds[round]!] : Array.from({ length: 1 + random.below(3) }, () => pick(kinds));
    for (const change of changes) {
      try {
        change();
      } catch (error) {
        // An earlier change took the file away.
        if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
    const affected = new Set(Object.keys(await repository.affected('--base', 'HEAD')));
    const after = await repository.digests();
    for (const [id, digest] of after) {
      const changed = before.get(id) !== digest;
      assert.ok(!changed || affected.has(id), `round ${round}: ${id} has changed and was not told`);
      if (changed === affected.has(id)) right++;
      else wrong++;
    }
    repository.undo();
  }
  assert.ok(wrong <= 0.02 * (right + wrong), `${wrong} of ${right + wrong} were told to be affected and are not`);
});

test('what lies outside of the repository counts, and so does what git says to a config, and where links lead', async () => {
  const copyAll = 'FROM scratch\nCOPY . /all\n';
  const repository = await Repository.open({
    'buildkit.config.mjs': `export default ({ git }) => ({ images: {
      lent: { context: 'lent', contexts: { shared: '../lent-files' } },
      dated: { context: 'plain', args: { COMMIT: git.commit ?? 'none' } },
      branch: { context: 'plain', labels: { branch: git.branch ?? 'none' } },
      linked: { context: 'link' },
      odd: { context: 'odd', dockerfile: 'build.txt' },
      noted: { context: 'plain', annotations: { note: 'first' } },
    } });`,
    lent: { Dockerfile: 'FROM scratch\nCOPY --from=shared . /shared\n' },
    plain: { Dockerfile: 'FROM scratch\nARG COMMIT\nCOPY f /f\nLABEL of=$COMMIT\n', f: 'f' },
    one: { Dockerfile: copyAll, f: '1' },
    two: { Dockerfile: copyAll, f: '2' },
    link: new Symlink('one'),
    odd: { 'build.txt': copyAll },
    '../lent-files/f': 'f',
  });
  await using rig = repository.rig;
  const table: readonly (readonly [what: string, change: () => void, expected: Record<string, string>])[] = [
    ['nothing', () => undefined, {}],
    [
      'a file of a named context',
      () => appendFileSync(rig.path('../lent-files/f'), 'more'),
      { lent: `${rig.path('../lent-files/f')} (it lies outside of the repository)` },
    ],
    [
      'a Dockerfile of another name',
      () => appendFileSync(rig.path('odd/build.txt'), 'USER 1\n'),
      { odd: "another value in the image's config" },
    ],
    [
      'a link to a context',
      () => (rmSync(rig.path('link')), symlinkSync('two', rig.path('link'))),
      { linked: 'another step' },
    ],
    [
      'an annotation',
      () =>
        writeFileSync(
          rig.path('buildkit.config.mjs'),
          readFileSync(rig.path('buildkit.config.mjs'), 'utf8').replace('first', 'second'),
        ),
      { noted: 'another annotation or form of its output' },
    ],
    ['a mode', () => chmodSync(rig.path('two/f'), 0o600), {}],
    ['a commit without changes', () => repository.git('commit', '-q', '--allow-empty', '-m', 'empty'), {}],
  ];
  for (const [what, change, expected] of table) {
    change();
    assert.deepEqual(await repository.affected('--base', 'HEAD'), expected, what);
    repository.undo();
    // Newer than what was touched.
    repository.git('commit', '-q', '--allow-empty', '-m', 'next');
  }
  assert.deepEqual(await repository.affected('--base', 'HEAD~1'), { dated: "another value in the image's config" });
});
