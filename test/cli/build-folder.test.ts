import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

const hello = { Dockerfile: 'FROM busybox\nRUN echo hello > /hello\nCOPY . /src\n', 'a.txt': 'a' };

test('a folder is built, and the second time nothing runs', async () => {
  await using rig = await Rig.open(hello);
  const first = await rig.ok(['build', ...rig.busybox, '-o', 'type=local,dest=out', '.']);
  assert.equal(readFileSync(rig.path('out/hello'), 'utf8'), 'hello\n');
  assert.equal(readFileSync(rig.path('out/src/a.txt'), 'utf8'), 'a');
  assert.match(first.stderr, /Steps: +\d+ run/);
  await rig.write({ '.dockerignore': 'out\n' });
  await rig.ok(['build', ...rig.busybox, '.']);
  const again = await rig.ok(['build', ...rig.busybox, '.']);
  assert.match(again.stderr, /Steps: +0 run/);
});

test('the same content gives the same digest in another folder, under another umask', async () => {
  const files = {
    Dockerfile: 'FROM busybox\nWORKDIR /made/on/the/way\nCOPY a.txt deep/down/\nENV A=b\n',
    'a.txt': 'a',
  };
  await using one = await Rig.open(files);
  await using two = await Rig.open(files);
  const digest = async (rig: Rig) => {
    // A copied file keeps its own time.
    utimesSync(rig.path('a.txt'), 1_700_000_000, 1_700_000_000);
    return (await rig.ok(['build', '-q', ...rig.busybox, '.'])).stdout.split('\t')[1];
  };
  const first = await digest(one);
  const umask = process.umask(0o077);
  try {
    assert.equal(await digest(two), first);
  } finally {
    process.umask(umask);
  }
});

test('a step that fails ends with 1, its output and its line', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo before && false\n' });
  const { code, stderr } = await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal(code, 1);
  assert.match(stderr, /Dockerfile:2/);
  assert.match(stderr, /❯ 2 │ RUN echo before && false/);
  assert.match(stderr, /before/);
  assert.match(stderr, /exit code: 1/);
});

test('the folder of an output is made, and one that cannot be is told', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a' });
  await rig.ok(['build', '-o', 'type=oci,dest=new/folder/app.tar', '.']);
  assert.ok(existsSync(rig.path('new/folder/app.tar')));
  const { code, stderr } = await rig.cli(['build', '-o', 'type=oci,dest=a/app.tar', '.']);
  assert.equal(code, 1);
  assert.match(stderr, /error: \S+\/a can't be written: EEXIST/);
});

test('a failing output leaves nothing under the final name', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN false\n' });
  const { code } = await rig.cli(['build', ...rig.busybox, '-o', 'type=oci,dest=app.tar', '.']);
  assert.equal(code, 1);
  assert.equal(existsSync(rig.path('app.tar')), false);
  assert.deepEqual(readdirSync(rig.dir), ['Dockerfile']);
});

test('mistakes on the command line end with 2 and say what to do', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\n' });
  const cases: [string[], RegExp][] = [
    [['build', '--taget', 'x', '.'], /unknown flag --taget\n.*did you mean --target/],
    [['biuld', '.'], /no command "biuld"\n.*did you mean cli build/],
    [['build', '-o', 'type=ocii,dest=x', '.'], /no type "ocii"\n.*did you mean type=oci/],
    [['build', './nowhere'], /\.\/nowhere is not a folder/],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await rig.cli(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
});

test('a secret reaches its step, and nothing else', async () => {
  const secret = 'correct-horse-battery-staple';
  await using rig = await Rig.open({
    Dockerfile: `FROM busybox
RUN --mount=type=secret,id=word wc -c < /run/secrets/word > /length
RUN --mount=type=secret,id=word,env=WORD set -x; echo "it is $WORD, which is long"; exit 1
`,
    word: secret,
    '.dockerignore': 'word\nout.tar\n',
  });
  const args = ['build', '--json', ...rig.busybox, '--secret', 'id=word,src=word', '-o', 'type=oci,dest=out.tar'];
  const { code, stdout, stderr } = await rig.cli([...args, '.']);
  assert.equal(code, 1);
  assert.match(stdout, /it is \*\*\*, which is long/);
  assert.ok(!`${stdout}${stderr}`.includes(secret));
  await rig.write({ Dockerfile: readFileSync(rig.path('Dockerfile'), 'utf8').replace('exit 1', 'exit 0') });
  await rig.ok([...args, '.']);
  assert.ok(!readFileSync(rig.path('out.tar')).includes(secret));
  const index = rig.cacheDir;
  const files = readdirSync(index, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files) assert.ok(!readFileSync(`${file.parentPath}/${file.name}`).includes(secret), file.name);
});
