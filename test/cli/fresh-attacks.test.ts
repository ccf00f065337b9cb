// Whatever changes between two builds, the second one tells what is true now; where nothing changed it builds nothing.
// Each world is a project, and each of its changes comes upon the ones before.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

interface How {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

interface Change {
  readonly what: string;
  readonly make?: (at: (...names: string[]) => string, rig: Rig) => unknown;
  /** How it is built from here on. */
  readonly how?: How;
  /** Whether images become others by it. */
  readonly differs: boolean;
}

interface World {
  readonly files: Tree;
  readonly begin?: (rig: Rig) => unknown;
  readonly changes: readonly Change[];
}

const all = ['build', '-q', 'all'];

/** Runs that were recorded: one that is told again leaves none. */
function recorded(rig: Rig): number {
  const runs = join(rig.cacheDir, 'state/runs');
  if (!existsSync(runs)) return 0;
  return readdirSync(runs).flatMap((root) => readdirSync(join(runs, root)).filter((name) => /^\d.*\.json$/.test(name)))
    .length;
}

/** What is told, and whether it was told again without a build. */
async function build(rig: Rig, { args = all, env = {} }: How) {
  const before = recorded(rig);
  const { stdout } = await rig.ok(args, { env });
  // Images are told in the order in which they are done.
  return { stdout: stdout.split('\n').sort().join('\n'), again: recorded(rig) === before };
}

/** Builds until nothing is built any more. */
async function settle(rig: Rig, how: How): Promise<string> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const { stdout, again } = await build(rig, how);
    if (again) return stdout;
  }
  throw new Error('the answer is never told again');
}

function git(rig: Rig, ...args: readonly string[]): void {
  execFileSync('git', ['-C', rig.dir, '-c', 'user.name=a', '-c', 'user.email=a@localhost', ...args], { stdio: 'pipe' });
}

/** Another file of the same size and times in the place of this one. */
function swap(path: string, content: string): void {
  const { atime, mtime, size } = statSync(path);
  assert.equal(Buffer.byteLength(content), size);
  writeFileSync(`${path}.new`, content);
  utimesSync(`${path}.new`, atime, mtime);
  renameSync(`${path}.new`, path);
}

const program: World = {
  files: {
    'buildkit.config.ts': `
      import data from './data.json' with { type: 'json' };
      import { word } from './lib/word.ts';
      const { V = 'none' } = process.env;
      export default ({ git }) => ({
        images: {
          app: {
            context: 'app',
            args: { V, D: String(data.v), W: word, C: String(git.commit), B: String(git.branch) },
            contexts: { extra: 'extra', busybox: 'oci-layout://' + import.meta.dirname + '/base' },
          },
        },
      });`,
    'data.json': '{ "v": 1 }',
    lib: { 'word.ts': `export const word: string = 'one';` },
    extra: { 'e.txt': 'e' },
    app: {
      Dockerfile:
        'FROM busybox\nARG V D W C B\nCOPY src /src\nCOPY link /linked\nCOPY *.txt /txt/\nCOPY --from=extra . /extra\nLABEL v=$V.$D.$W.$C.$B\n',
      '.dockerignore': '**/ignored\n',
      'a.txt': 'a',
      'behind.md': 'behind',
      'other.md': 'others',
      'unused.md': 'unused',
      src: { one: 'one', ignored: 'ignored', deep: { two: 'two', 'three.sh': 'three' } },
    },
  },
  begin(rig) {
    cpSync(busyboxLayout(), rig.path('base'), { recursive: true });
    symlinkSync('behind.md', rig.path('app/link'));
    symlinkSync('one', rig.path('app/src/alias'));
    git(rig, 'init', '-q', '-b', 'main');
    git(rig, 'commit', '-q', '--allow-empty', '-m', 'one');
  },
  changes: [
    { what: 'nothing', differs: false },
    { what: 'data of the config', make: (at) => writeFileSync(at('data.json'), '{ "v": 2 }'), differs: true },
    {
      what: 'a module of the config',
      make: (at) => writeFileSync(at('lib/word.ts'), `export const word: string = 'two';`),
      differs: true,
    },
    { what: 'a commit', make: (_, rig) => git(rig, 'commit', '-q', '--allow-empty', '-m', 'two'), differs: true },
    { what: 'another branch', make: (_, rig) => git(rig, 'checkout', '-q', '-b', 'side'), differs: true },
    { what: "git's index", make: (_, rig) => git(rig, 'add', 'data.json'), differs: false },
    { what: 'a tag', make: (_, rig) => git(rig, 'tag', 'v1'), differs: false },
    { what: 'a file', make: (at) => writeFileSync(at('app/src/one'), 'ONE'), differs: true },
    { what: 'a file of the same size and times', make: (at) => swap(at('app/src/one'), 'One'), differs: true },
    { what: 'the times of a file', make: (at) => utimesSync(at('app/src/one'), 1, 1), differs: false },
    { what: 'a mode', make: (at) => chmodSync(at('app/src/deep/three.sh'), 0o755), differs: true },
    { what: 'the mode of a folder', make: (at) => chmodSync(at('app/src/deep'), 0o700), differs: true },
    { what: 'a new file', make: (at) => writeFileSync(at('app/src/deep/new'), ''), differs: true },
    { what: 'a new folder', make: (at) => mkdirSync(at('app/src/deep/folder')), differs: true },
    { what: 'a new file that a pattern takes', make: (at) => writeFileSync(at('app/b.txt'), 'b'), differs: true },
    { what: 'a new file that none takes', make: (at) => writeFileSync(at('app/b.md'), 'b'), differs: false },
    { what: 'a file that nobody copies', make: (at) => appendFileSync(at('app/unused.md'), '.'), differs: false },
    { what: 'a file that is ignored', make: (at) => appendFileSync(at('app/src/ignored'), '.'), differs: false },
    {
      what: 'a new name',
      make: (at) => renameSync(at('app/src/deep/two'), at('app/src/deep/second')),
      differs: true,
    },
    { what: 'what is behind a link', make: (at) => writeFileSync(at('app/behind.md'), 'BEHIND'), differs: true },
    {
      what: 'where a followed link leads',
      make: (at) => {
        rmSync(at('app/link'));
        symlinkSync('other.md', at('app/link'));
      },
      differs: true,
    },
    {
      what: 'where a copied link leads',
      make: (at) => {
        rmSync(at('app/src/alias'));
        symlinkSync('elsewhere', at('app/src/alias'));
      },
      differs: true,
    },
    {
      what: 'a file by another name of it',
      make: (at) => {
        linkSync(at('app/src/deep/second'), at('outside'));
        writeFileSync(at('outside'), 'TWO');
      },
      differs: true,
    },
    {
      what: 'a folder in the place of a file',
      make: (at) => {
        rmSync(at('app/src/deep/new'));
        mkdirSync(at('app/src/deep/new'));
      },
      differs: true,
    },
    {
      what: 'a folder behind a link in the place of one',
      make: (at) => {
        cpSync(at('app'), at('app2'), { recursive: true, verbatimSymlinks: true });
        writeFileSync(at('app2/src/one'), 'from the other');
        renameSync(at('app'), at('app1'));
        symlinkSync('app2', at('app'));
      },
      differs: true,
    },
    {
      what: 'where the link of a folder leads',
      make: (at) => {
        rmSync(at('app'));
        symlinkSync('app1', at('app'));
      },
      differs: true,
    },
    {
      what: 'the ignore file',
      make: (at) => writeFileSync(at('app/.dockerignore'), '**/ignored\n**/second\n'),
      differs: true,
    },
    {
      what: 'an ignore file of its own',
      make: (at) => writeFileSync(at('app/Dockerfile.dockerignore'), '**/deep\n'),
      differs: true,
    },
    {
      what: 'no ignore file of its own any more',
      make: (at) => rmSync(at('app/Dockerfile.dockerignore')),
      differs: true,
    },
    { what: 'another context', make: (at) => writeFileSync(at('extra/e2.txt'), ''), differs: true },
    { what: 'a Dockerfile', make: (at) => appendFileSync(at('app/Dockerfile'), 'ENV A=b\n'), differs: true },
    {
      what: 'the base image',
      make: (at) => {
        const index = JSON.parse(readFileSync(at('base/index.json'), 'utf8')) as { manifests: { digest: string }[] };
        const blob = (digest: string) => at('base/blobs/sha256', digest.slice('sha256:'.length));
        const add = (value: object) => {
          const text = JSON.stringify(value);
          const digest = `sha256:${process.getBuiltinModule('node:crypto').hash('sha256', text, 'hex')}`;
          writeFileSync(blob(digest), text);
          return { digest, size: Buffer.byteLength(text) };
        };
        const descriptor = index.manifests[0]!;
        const manifest = JSON.parse(readFileSync(blob(descriptor.digest), 'utf8')) as { config: { digest: string } };
        const config = JSON.parse(readFileSync(blob(manifest.config.digest), 'utf8')) as { config?: object };
        const changed = add({ ...config, config: { ...config.config, Env: ['BASE=other'] } });
        Object.assign(manifest.config, changed);
        Object.assign(descriptor, add(manifest));
        writeFileSync(at('base/index.json'), JSON.stringify(index));
      },
      differs: true,
    },
    { what: 'a variable', how: { env: { V: 'set' } }, differs: true },
    { what: 'a variable of no meaning', how: { env: { V: 'set', LINES: '3' } }, differs: false },
    { what: 'a flag', how: { args: [...all, '--set', 'app.args.V=flag'] }, differs: true },
    {
      what: 'the same flags in other words',
      how: { args: ['build', '--set=app.args.V=flag', '--progress', 'quiet', 'all'] },
      differs: false,
    },
    {
      what: 'a configuration that comes first',
      make: (at) => {
        renameSync(at('buildkit.config.ts'), at('base.config.ts'));
        writeFileSync(
          at('.buildkitrc.json'),
          JSON.stringify({ images: { app: { context: 'extra', dockerfileInline: 'FROM scratch\nCOPY . /\n' } } }),
        );
      },
      how: {},
      differs: true,
    },
  ],
};

const discovered: World = {
  files: {
    'buildkit.config.yaml': 'discover: true\nimages:\n  own:\n    context: own\n    args: { TERM: null }\n',
    one: { Dockerfile: 'FROM scratch\nCOPY . /\n', a: 'a' },
    own: { Dockerfile: 'FROM scratch\nARG TERM\nLABEL term=$TERM\nCOPY x* /\n', x: 'x' },
    sub: { deep: { keep: '' } },
  },
  begin: (rig) => git(rig, 'init', '-q'),
  changes: [
    { what: 'a terminal that an argument takes', how: { env: { TERM: 'vt52' } }, differs: true },
    { what: 'that terminal again', how: { env: { TERM: 'vt52', COLUMNS: '9' } }, differs: false },
    { what: 'no terminal', how: { env: { TERM: undefined } }, differs: true },
    {
      what: 'a new image',
      make: (at) => writeFileSync(at('sub/deep/Dockerfile'), 'FROM scratch\nCOPY keep /\n'),
      how: {},
      differs: true,
    },
    { what: 'an image that git ignores', make: (at) => writeFileSync(at('.gitignore'), 'sub\n'), differs: true },
    { what: 'one that it ignores no more', make: (at) => rmSync(at('.gitignore')), differs: true },
    { what: 'an image that is gone', make: (at) => rmSync(at('sub'), { recursive: true }), differs: true },
    { what: 'a file that a pattern takes', make: (at) => writeFileSync(at('own/xx'), ''), differs: true },
    {
      what: 'another form of config',
      make: (at) => {
        rmSync(at('buildkit.config.yaml'));
        writeFileSync(at('package.json'), '{ "buildkit": { "discover": true } }');
      },
      differs: true,
    },
    {
      what: 'a key in it',
      make: (at) => writeFileSync(at('package.json'), '{ "buildkit": { "discover": { "exclude": ["own"] } } }'),
      differs: true,
    },
  ],
};

const composed: World = {
  files: {
    'compose.yaml': `services:
  web:
    build:
      context: web
      args: { TAG: "\${TAG:-none}", TERM: "\${TERM:-none}", PLAIN: }
`,
    '.env': 'TAG=dotted\n',
    web: { Dockerfile: 'FROM scratch\nARG TAG TERM PLAIN\nLABEL tag=$TAG.$TERM.$PLAIN\nCOPY f /\n', f: 'f' },
  },
  changes: [
    { what: '.env', make: (at) => writeFileSync(at('.env'), 'TAG=other\n'), differs: true },
    { what: 'no .env', make: (at) => rmSync(at('.env')), differs: true },
    { what: 'a variable', how: { env: { TAG: 'set' } }, differs: true },
    { what: 'a variable that has no value there', how: { env: { PLAIN: 'set' } }, differs: true },
    { what: 'the terminal', how: { env: { TERM: 'vt52' } }, differs: true },
    {
      what: 'an override',
      make: (at) => writeFileSync(at('compose.override.yaml'), 'services: { web: { build: { args: { TAG: over } } } }'),
      how: {},
      differs: true,
    },
    {
      what: 'a bake file',
      make: (at) =>
        writeFileSync(
          at('docker-bake.hcl'),
          'variable "TERM" { default = "none" }\ntarget "web" { args = { TAG = "bake-${TERM}" } }\n',
        ),
      differs: true,
    },
    { what: 'the terminal that a bake file asks for', how: { env: { TERM: 'vt100' } }, differs: true },
    {
      what: 'an override of it',
      make: (at) => writeFileSync(at('docker-bake.override.hcl'), 'target "web" { args = { TAG = "last" } }\n'),
      differs: true,
    },
  ],
};

for (const [name, { files, begin, changes }] of Object.entries({ program, discovered, composed })) {
  test(`what is told of a ${name} workspace is true after each change`, async (t) => {
    await using rig = await Rig.open(files);
    await begin?.(rig);
    const at = rig.path.bind(rig);
    let how: How = { env: { TERM: 'dumb' } };
    for (const change of changes) {
      await t.test(change.what, async () => {
        const before = await settle(rig, how);
        await change.make?.(at, rig);
        if (change.how) how = { ...change.how, env: { TERM: 'dumb', ...change.how.env } };
        const after = await build(rig, how);
        assert.equal(after.stdout !== before, change.differs, after.stdout);
      });
    }
  });
}

test('an answer is not told when what it left is not there', async (t) => {
  await using rig = await Rig.open({
    app: { Dockerfile: 'FROM scratch\nCOPY f /\n', f: 'f' },
    base: { Dockerfile: 'FROM scratch\nENV A=b\n' },
    out: {},
  });
  const how = { args: ['build', '-q', '-t', 'app:1', '-o', 'type=oci,dest=out/app.tar', './app'] };
  const tar = rig.path('out/app.tar');
  const told = await settle(rig, how);
  const whole = readFileSync(tar);
  const losses: Readonly<Record<string, () => unknown>> = {
    'the output is gone': () => rmSync(tar),
    'the output is shorter': () => truncateSync(tar, 100),
    'the output is another of its size and times': () => swap(tar, 'x'.repeat(whole.length)),
    'the output is behind a link': () => {
      rmSync(tar);
      symlinkSync('/dev/null', tar);
    },
    'the cache is pruned': () => rig.ok(['prune', '--all']),
    'the name is another image': () => rig.ok(['build', '-q', '-t', 'app:1', './base']),
  };
  for (const [what, lose] of Object.entries(losses)) {
    await t.test(what, async () => {
      assert.equal(await settle(rig, how), told);
      await lose();
      const { stdout, again } = await build(rig, how);
      assert.equal(stdout, told);
      assert.equal(again, false, 'it was built');
      if (what !== 'the output is behind a link') assert.deepEqual(readFileSync(tar), whole);
      rmSync(tar);
    });
  }
});

test('the folder, the umask and the user are no part of what is told, or of the question', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': '{ "images": { "app": { "context": "app" } } }',
    app: { Dockerfile: 'FROM scratch\nCOPY f /\nWORKDIR /made\n', f: 'f' },
  });
  const told = await settle(rig, {});
  for (const before of ['umask 077', 'cd app']) {
    const { stdout } = await rig.ok(all, { through: ['sh', '-c', `${before}; exec "$@"`, 'sh'] });
    assert.equal(stdout.trim(), told.trim());
  }
});
