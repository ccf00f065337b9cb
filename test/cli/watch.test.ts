// Watching real files with the real engine: what a change reaches is built, and nothing else.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { Rig } from '../rig/rig.ts';
import { Symlink, writeTree, type Tree } from '../rig/tree.ts';
import { Watching } from '../rig/watching.ts';

const config = { discover: true, defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } } };

const files: Tree = {
  'buildkit.config.json': JSON.stringify(config),
  base: { Dockerfile: 'FROM busybox\nCOPY tools /tools\n', tools: { t: 't' }, 'README.md': 'read' },
  api: { Dockerfile: 'FROM base\nCOPY src /src\nRUN cat /src/* > /all\n', src: { a: 'a' }, notes: 'n' },
  web: { Dockerfile: 'FROM busybox\nCOPY . /w\n', '.dockerignore': '*.md\n', 'w.txt': 'w' },
};

const built = ['--exec', 'echo "built: $MONOKIT_IMAGES."'];

test('a change is built into the images that it reaches, whatever way it comes', async () => {
  await using rig = await Rig.open(files);
  await using watching = new Watching(rig, ['all', ...built]);
  await watching.hears(' in 3 images\n');
  writeFileSync(rig.path('api/src/a'), 'other');
  assert.match(await watching.hears('built: api.'), /api\/src\/a → api\n[^]*✔ api {2}api\/src\/a → \[1\/3\] COPY src/);
  for (const path of ['base/README.md', 'api/notes', 'web/x.md']) appendFileSync(rig.path(path), 'more');
  rig.put('base/tools/t', 'other');
  const told = await watching.hears('built: ');
  assert.ok(!/README|notes|x\.md/.test(told), told);
  await watching.hears('api.');
  // As editors save.
  rig.put('web/.w.txt.swp', 'saved');
  renameSync(rig.path('web/.w.txt.swp'), rig.path('web/w.txt'));
  await watching.hears('built: web.');
  rmSync(rig.path('web/w.txt'));
  await watching.hears('built: web.');
});

test('edits of Dockerfiles and configs, and images that come and go, are followed', async () => {
  await using rig = await Rig.open(files);
  await using watching = new Watching(rig, ['all', ...built]);
  await watching.hears('watching');
  appendFileSync(rig.path('web/Dockerfile'), 'RUM true\n');
  await watching.hears('unknown instruction: RUM');
  rig.put('web/Dockerfile', 'FROM busybox\nRUN false\n');
  await watching.hears('exit code: 1');
  rig.put('web/Dockerfile', 'FROM busybox\nRUN echo mended > /m\n');
  await watching.hears('built: web.');
  rig.put('buildkit.config.json', '{ "imags": {} }');
  await watching.hears('error: ');
  rig.put('buildkit.config.json', JSON.stringify({ ...config, images: { web: { labels: { a: 'b' } } } }));
  await watching.hears('built: web.');
  mkdirSync(rig.path('neu'));
  rig.put('neu/Dockerfile', 'FROM busybox\nCOPY a /a\n');
  rig.put('neu/a', '1');
  await watching.hears('built: neu.');
  rig.put('neu/a', '2');
  await watching.hears('built: neu.');
  rmSync(rig.path('neu'), { recursive: true });
  rig.put('api/src/a', 'still watched');
  await watching.hears('built: api.');
});

test('a command after a build takes the place of the one before, with all that it started', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nCOPY a /a\n', a: '1' });
  const command = '(trap "echo all has ended; exit" TERM; echo it has begun; sleep 1000 & wait); true';
  await using watching = new Watching(rig, ['.', ...rig.busybox, '-o', 'out', '--exec', command]);
  await watching.hears('it has begun');
  rig.put('a', '2');
  await watching.hearsAll('all has ended', 'it has begun');
});

test('a change while a step runs that does not read it lets the step go on, and stops what does', async () => {
  await using rig = await Rig.open({
    Dockerfile: `FROM busybox
RUN --mount=type=cache,id=turn,target=/turn \\
  echo begun >> /turn/began; until [ -e /turn/go ]; do sleep 0.05; done; cp /turn/began /began
COPY src /src
`,
    src: { a: 'old' },
    go: { Dockerfile: 'FROM busybox\nRUN --mount=type=cache,id=turn,target=/turn touch /turn/go\n' },
  });
  await using watching = new Watching(rig, ['.', ...rig.busybox, '-o', 'out', '--json', '--debounce', '1']);
  const plan = await watching.hears('"name":"[stage-0 2/3]');
  const step = /"step":"(sha256:[0-9a-f]+)","name":"\[stage-0 1\/3\]/.exec(plan)![1];
  await watching.hears(`"type":"step.start","step":"${step}"`);
  rig.put('src/a', 'new');
  await watching.hears('src/a → ');
  await rig.ok(['build', ...rig.busybox, './go']);
  await watching.hears('"type":"run.end","code":0');
  assert.equal(readFileSync(rig.path('out/began'), 'utf8'), 'begun\n');
  assert.equal(readFileSync(rig.path('out/src/a'), 'utf8'), 'new');
});

test('what a config imports and reads in other folders is followed', async () => {
  const { 'buildkit.config.json': _, ...rest } = files;
  await using rig = await Rig.open({
    ...rest,
    'buildkit.config.mjs': `
import { readFileSync } from 'node:fs';
import v from './lib/v.mjs';
const w = readFileSync(new URL('data/deep/w', import.meta.url), 'utf8');
export default { ...${JSON.stringify(config)}, images: { web: { labels: { v, w } } } };
`,
    lib: { 'v.mjs': "export default 'one';" },
    data: { deep: { w: 'one' } },
  });
  await using watching = new Watching(rig, ['web', ...built]);
  await watching.hears('watching');
  rig.put('lib/v.mjs', "export default 'two';");
  await watching.hears('lib/v.mjs: reading the workspace again');
  await watching.hears('built: web.');
  rig.put('data/deep/w', 'two');
  await watching.hears('data/deep/w: reading the workspace again');
  await watching.hears('built: web.');
});

test('a slow step of one image goes on while another image is built again and again', { skip: chrooted }, async () => {
  const slow = `FROM busybox
RUN --mount=type=cache,id=turn,target=/turn \
  echo begun >> /turn/began; until [ -e /turn/go ]; do sleep 0.05; done; cp /turn/began /began
`;
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify(config),
    slow: { Dockerfile: slow },
    quick: { Dockerfile: 'FROM busybox\nCOPY src /src\nRUN sleep 0.2; cat /src/a > /all\n', src: { a: '0' } },
    go: { Dockerfile: 'FROM busybox\nRUN --mount=type=cache,id=turn,target=/turn touch /turn/go\n' },
  });
  const out = ['--set', 'slow.output=type=local,dest=out'];
  await using watching = new Watching(rig, ['slow', 'quick', '--json', '--debounce', '1', ...out]);
  const step = /"step":"(sha256:[0-9a-f]+)","name":"[^"]*RUN --mount=type=cache,id=turn/.exec(
    await watching.hears('until [ -e /turn/go ]'),
  )![1];
  await watching.hears(`"type":"step.start","step":"${step}"`);
  for (const text of ['1', '2', '3']) {
    rig.put('quick/src/a', text);
    await watching.hears('quick/src/a → quick');
    await watching.hears('"type":"image.end","image":"quick"');
  }
  await rig.ok(['build', 'go']);
  await watching.hears('"type":"image.end","image":"slow"');
  assert.equal(readFileSync(rig.path('out/began'), 'utf8'), 'begun\n');
});

test('a checkout of two thousand files is one change, whichever way it goes', async () => {
  const many = (text: string): Tree =>
    Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [
        `d${i}`,
        Object.fromEntries(Array.from({ length: 100 }, (_, j) => [`f${j}`, `${text} ${i} ${j}`])),
      ]),
    );
  await using rig = await Rig.open({
    ...files,
    web: { Dockerfile: 'FROM busybox\nCOPY many /w\n', many: many('old') },
  });
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'gc.auto=0', ...args], {
      cwd: rig.dir,
      stdio: 'ignore',
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'old');
  git('checkout', '-qb', 'new');
  rmSync(rig.path('web/many/d7'), { recursive: true });
  writeTree(rig.path('web/many'), { ...many('new'), more: { f: 'more' } });
  rmSync(rig.path('web/many/d7'), { recursive: true });
  git('add', '-A');
  git('commit', '-qm', 'new');
  await using watching = new Watching(rig, ['web', '-o', 'out', ...built]);
  await watching.hears('watching');
  for (const branch of ['master', 'new']) {
    git('checkout', '-q', branch === 'master' ? '@{-1}' : branch);
    const told = await watching.hears('built: web.');
    assert.ok(told.split(' → web\n').length <= 8, told);
    // What came after the first build is built, too, until it is what the branch has.
    const wanted = branch === 'new' ? 'more/f' : 'd7/f99';
    while (!existsSync(rig.path('out/w', wanted))) await watching.hears('built: web.');
  }
});

test('files are followed however editors save them', async () => {
  await using rig = await Rig.open({ ...files, web: { Dockerfile: 'FROM busybox\nCOPY *.txt /w/\n', 'w.txt': 'w' } });
  await using watching = new Watching(rig, ['web', '-o', 'out', ...built]);
  await watching.hears('watching');
  const [file, swap] = [rig.path('web/w.txt'), rig.path('web/4913')];
  const saves: Readonly<Record<string, (text: string) => void>> = {
    // vim with backups: a probe, the old file aside, a new one in its place, the old one gone.
    vim(text) {
      writeFileSync(swap, '');
      rmSync(swap);
      renameSync(file, `${file}~`);
      writeFileSync(file, text);
      rmSync(`${file}~`);
    },
    // JetBrains' safe write: all in a file beside it, then two renames.
    jetbrains(text) {
      writeFileSync(`${file}___jb_tmp___`, text);
      renameSync(file, `${file}___jb_old___`);
      renameSync(`${file}___jb_tmp___`, file);
      rmSync(`${file}___jb_old___`);
    },
    sed: (text) => execFileSync('sed', ['-i', `s/.*/${text}/`, file]),
    truncate: (text) => writeFileSync(file, text),
  };
  for (const [name, save] of Object.entries(saves)) {
    save(name);
    await watching.hears('web/w.txt → web\n');
    await watching.hears('built: web.');
    // What was seen halfway is built, too, and then what it came to.
    while (readFileSync(rig.path('out/w/w.txt'), 'utf8').trim() !== name) await watching.hears('built: web.');
  }
});

test('edits of ignore files are followed', async () => {
  await using rig = await Rig.open(files);
  await using watching = new Watching(rig, ['web', '-o', 'out', ...built]);
  await watching.hears('watching');
  rig.put('web/secret', 's');
  await watching.hears('built: web.');
  assert.ok(existsSync(rig.path('out/w/secret')));
  rig.put('web/.dockerignore', '*.md\nsecret\n');
  await watching.hears('.dockerignore: reading the workspace again');
  await watching.hears('built: web.');
  rig.put('web/secret', 'never read');
  rig.put('web/w.txt', 'read');
  assert.ok(!(await watching.hears('built: web.')).includes('web/secret'));
});

test('--once, --no-initial and --on-busy say what a change does', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify(config),
    web: { Dockerfile: 'FROM busybox\nCOPY a /a\nRUN test "$(cat /a)" != bad\n', a: 'good' },
  });
  for (const [text, expected] of [
    ['fine', 0],
    ['bad', 1],
  ] as const) {
    const { told, done } = rig.start(['watch', 'web', '--once', '--no-initial']);
    assert.ok(!(await told('watching')).includes('✔'));
    rig.put('web/a', text);
    const { code, stderr } = await done;
    assert.equal(code, expected, stderr);
  }
  const { code, stderr } = await rig.cli(['watch', 'web', '--up', '--no-initial']);
  assert.deepEqual([code, /--no-initial builds nothing/.test(stderr)], [2, true], stderr);
});

test('what is built at the beginning is told once, and its command runs once', async () => {
  await using rig = await Rig.open(files);
  for (const before of ['nothing is cached', 'all is cached']) {
    await using watching = new Watching(rig, ['all', '-q', ...built]);
    // Nothing says so when a watch has begun: what came of this change is told after all that the beginning tells.
    await watching.hears('built: ');
    await watching.hears('\n');
    rig.put('web/w.txt', before);
    const [told] = (await watching.hears('built: ')).split('built: ');
    assert.deepEqual(told!.match(/^web\t/gm), ['web\t'], told);
    assert.deepEqual(told!.match(/^(api|base)\t/gm), null, told);
  }
  const { done, told } = rig.start(['watch', 'web', '--json', '--once']);
  await told('"run.end"');
  rig.put('web/w.txt', 'once more');
  const { code, stdout } = await done;
  assert.deepEqual([code, stdout.match(/"run\.end"/g)!.length], [0, 2], stdout);
});

test('at the beginning the workspace is read once, also where builds ignore what it was read from', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ discover: true }),
    web: {
      Dockerfile: 'FROM scratch\nCOPY . /w\n',
      '.dockerignore': 'Dockerfile\n.dockerignore\nlogs\n',
      w: 'w',
      logs: 'l',
    },
  });
  await using watching = new Watching(rig, ['all']);
  const told = await watching.hears('watching 1 file in 1 image\n');
  assert.doesNotMatch(told, /reading the workspace again|cancelled/);
  await rig.write({ 'web/.dockerignore': 'Dockerfile\n.dockerignore\n' });
  await watching.hears('web/.dockerignore: reading the workspace again');
  await watching.hears('watching 2 files in 1 image\n');
});

test('a step that fails at the beginning is not tried again before something changes', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify(config),
    web: {
      Dockerfile: 'FROM busybox\nCOPY a /a\nRUN --mount=type=cache,target=/tries date >> /tries/all; grep good /a\n',
      a: 'bad',
    },
  });
  await using watching = new Watching(rig, ['web']);
  const told = await watching.hears('watching');
  assert.equal(told.match(/exit code: 1/g)?.length, 1, told);
});

test('a change during a build waits for it, or is let be, where that is asked for', { skip: chrooted }, async () => {
  const dockerfile = (turn: string) => `FROM busybox
COPY a /a
RUN --mount=type=cache,id=${turn},target=/turn until [ -e "/turn/$(cat /a)" ]; do sleep 0.05; done
`;
  for (const busy of ['queue', 'ignore']) {
    await using rig = await Rig.open({
      'buildkit.config.json': JSON.stringify(config),
      web: { Dockerfile: dockerfile(busy), a: 'go' },
      first: { Dockerfile: `FROM busybox\nRUN --mount=type=cache,id=${busy},target=/turn touch /turn/go\n` },
      next: { Dockerfile: `FROM busybox\nRUN --mount=type=cache,id=${busy},target=/turn touch /turn/one /turn/two\n` },
    });
    await rig.ok(['build', 'first']);
    await rig.ok(['build', 'web']);
    const args = ['web', '--on-busy', busy, '--no-initial', '--debounce', '1', ...built];
    await using watching = new Watching(rig, args);
    await watching.hears('watching');
    rig.put('web/a', 'one');
    await watching.hears('web/a → web\n');
    rig.put('web/a', 'two');
    await watching.hears(busy === 'queue' ? '… waiting for web\n' : '… not acted on: web is being built\n');
    await rig.ok(['build', 'next']);
    // With what came of the first change there is all that the second one asks for.
    if (busy === 'queue') await watching.hears('web/a → web\n');
  }
});

test('a storm of changes is one, and can be seen by polling', async () => {
  await using rig = await Rig.open(files);
  await using watching = new Watching(rig, ['web', 'api', '--poll=50', '--debounce', '200', ...built]);
  await watching.hears('watching');
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`new${i}`, String(i)]));
  writeTree(rig.path('web'), many);
  const told = await watching.hears('built: web.');
  assert.ok(told.split(' → web\n').length <= 8, told);
  assert.match(told, /coalesced \d+ changes: web\/new\d+ and \d+ more → web\n/);
  rmSync(rig.path('web/new7'));
  await watching.hears('built: web.');
});

test('what cannot be watched or read is refused with what to do', async () => {
  await using rig = await Rig.open(files);
  for (const [args, expected] of [
    [['--debounce', 'soon'], /--debounce needs a number of milliseconds, got "soon"/],
    [['-'], /standard input cannot be watched/],
    [['--iidfile', 'id'], /unknown flag --iidfile/],
    [['--progress', 'github'], /a watch tells nothing as github does/],
    [['nothing'], /there is no image or group "nothing"/],
  ] as const) {
    const { code, stderr } = await rig.cli(['watch', ...args]);
    assert.deepEqual([code, expected.test(stderr)], [2, true], stderr);
  }
});

test('what a link leads to is followed where the link leads elsewhere', async () => {
  await using rig = await Rig.open({
    ...files,
    web: {
      Dockerfile: 'FROM busybox\nCOPY current /w\n',
      one: { f: '1' },
      two: { f: '2' },
      current: new Symlink('one'),
    },
  });
  await using watching = new Watching(rig, ['web', '-o', 'out', ...built]);
  await watching.hears('watching');
  // As deployments do it: at no moment is there none.
  symlinkSync('two', rig.path('web/next'));
  renameSync(rig.path('web/next'), rig.path('web/current'));
  await watching.hears('built: web.');
  assert.equal(readFileSync(rig.path('out/w/f'), 'utf8'), '2');
  rig.put('web/two/f', 'changed');
  await watching.hears('web/two/f → web\n');
  await watching.hears('built: web.');
  assert.equal(readFileSync(rig.path('out/w/f'), 'utf8'), 'changed');
});
