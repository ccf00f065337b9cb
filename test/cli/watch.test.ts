// Watching real files with the real engine: what a change reaches is built, and nothing else.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';
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
  writeFileSync(rig.path('base/tools/t'), 'other');
  const told = await watching.hears('built: ');
  assert.ok(!/README|notes|x\.md/.test(told), told);
  await watching.hears('api.');
  // As editors save.
  writeFileSync(rig.path('web/.w.txt.swp'), 'saved');
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
  writeFileSync(rig.path('web/Dockerfile'), 'FROM busybox\nRUN false\n');
  await watching.hears('exit code: 1');
  writeFileSync(rig.path('web/Dockerfile'), 'FROM busybox\nRUN echo mended > /m\n');
  await watching.hears('built: web.');
  writeFileSync(rig.path('buildkit.config.json'), '{ "imags": {} }');
  await watching.hears('error: ');
  writeFileSync(
    rig.path('buildkit.config.json'),
    JSON.stringify({ ...config, images: { web: { labels: { a: 'b' } } } }),
  );
  await watching.hears('built: web.');
  mkdirSync(rig.path('neu'));
  writeFileSync(rig.path('neu/Dockerfile'), 'FROM busybox\nCOPY a /a\n');
  writeFileSync(rig.path('neu/a'), '1');
  await watching.hears('built: neu.');
  writeFileSync(rig.path('neu/a'), '2');
  await watching.hears('built: neu.');
  rmSync(rig.path('neu'), { recursive: true });
  writeFileSync(rig.path('api/src/a'), 'still watched');
  await watching.hears('built: api.');
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
  writeFileSync(rig.path('src/a'), 'new');
  await watching.hears('src/a → ');
  await rig.ok(['build', ...rig.busybox, './go']);
  await watching.hears('"type":"run.end","code":0');
  assert.equal(readFileSync(rig.path('out/began'), 'utf8'), 'begun\n');
  assert.equal(readFileSync(rig.path('out/src/a'), 'utf8'), 'new');
});

test('a storm of changes is one, and can be seen by polling', async () => {
  await using rig = await Rig.open(files);
  await using watching = new Watching(rig, ['web', 'api', '--poll=50', '--debounce', '200', ...built]);
  await watching.hears('watching');
  for (let i = 0; i < 50; i++) writeFileSync(rig.path(`web/new${i}`), String(i));
  const told = await watching.hears('built: web.');
  assert.ok(told.split(' → web\n').length <= 3, told);
  rmSync(rig.path('web/new7'));
  await watching.hears('built: web.');
});

test('what cannot be watched or read is refused with what to do', async () => {
  await using rig = await Rig.open(files);
  for (const [args, expected] of [
    [['--debounce', 'soon'], /--debounce needs a number of milliseconds, got "soon"/],
    [['-'], /standard input can not be watched/],
    [['nothing'], /there is no image or group "nothing"/],
  ] as const) {
    const { code, stderr } = await rig.cli(['watch', ...args]);
    assert.deepEqual([code, expected.test(stderr)], [2, true], stderr);
  }
});
