// Records of real runs, by the command line: what is kept of those that end well, fail, are stopped or killed; two at
// once; and what must not be in them.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../../packages/cli/src/runs/record.ts';
import type { TraceEvent } from '../../packages/cli/src/runs/trace.ts';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const workspace: Tree = {
  'buildkit.config.json': JSON.stringify({
    defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
    images: { base: { context: 'base' }, api: { context: 'api' }, web: { context: 'web' } },
  }),
  'base/Dockerfile': 'FROM busybox AS made\nRUN echo base is made; sleep 0.05\n',
  'api/Dockerfile': 'FROM base\nCOPY file /file\nRUN for i in $(seq 1 300); do echo api $i; done\n',
  'api/file': 'one',
  'web/Dockerfile':
    'FROM base AS build\nRUN for i in $(seq 1 300); do echo web $i; done\nFROM build\nRUN echo web is last\n',
};

const list = async (rig: Rig): Promise<{ id: string; result: string; command: string[] }[]> =>
  JSON.parse((await rig.ok(['runs', 'ls', '--json'])).stdout) as never;
const shown = async (rig: Rig, ...run: string[]): Promise<RunRecord> =>
  JSON.parse((await rig.ok(['runs', 'show', ...run, '--json'])).stdout) as RunRecord;

/** Everything that is kept below the state folder. */
function kept(rig: Rig): string {
  const state = join(rig.cacheDir, 'state');
  const files = globSync('**', { cwd: state }).map((name) => join(state, name));
  return files.flatMap((path) => (statSync(path).isFile() ? readFileSync(path, 'latin1') : [])).join('\n');
}

test('builds are listed, shown, and compared; their logs are whole', async () => {
  await using rig = await Rig.open(workspace);
  assert.match((await rig.ok(['runs', 'ls'])).stderr, /no run is kept here/);
  const { stderr } = await rig.ok(['build', 'all']);
  const [, id = ''] = /Run: {2}(\w{16})/.exec(stderr) ?? [];
  await rig.write({ 'api/file': 'two' });
  await rig.ok(['build', 'api']);

  const runs = await list(rig);
  assert.deepEqual(
    runs.map(({ command, result }) => [command[1], result]),
    [
      ['api', 'ok'],
      ['all', 'ok'],
    ],
  );
  assert.equal(runs[1]!.id, id);
  assert.match((await rig.ok(['runs', 'ls', '-n', '1'])).stdout, /^RUN .*\n.*just now.*1 built +api +cli build api/);

  const first = await shown(rig, id.slice(-6));
  assert.deepEqual(first.images.map(({ id, status }) => [id, status]).sort(), [
    ['api', 'built'],
    ['base', 'built'],
    ['web', 'built'],
  ]);
  const made = first.steps.find(({ name }) => name.includes('echo base is made'))!;
  assert.deepEqual([made.image, made.wantedBy.toSorted()], ['base', ['api', 'base', 'web']]);
  assert.equal(made.status, 'run');
  // Byte by byte, though both wrote at the same time.
  for (const image of ['api', 'web']) {
    const { stdout } = await rig.ok(['runs', 'logs', id, image === 'api' ? 'api:2' : 'web#build:1']);
    assert.equal(stdout, Array.from({ length: 300 }, (_, i) => `${image} ${i + 1}\n`).join(''));
  }
  assert.equal((await rig.ok(['runs', 'logs', '-2', made.vertex.slice(7, 19)])).stdout, 'base is made\n');
  assert.equal(
    (await rig.ok(['runs', 'logs', '-2', 'web', '-n', '1'])).stdout.split('\n').toSorted().join('\n').trim(),
    'base:1 | base is made\nweb#build:1 | web 300\nweb#stage-1:1 | web is last'.split('\n').toSorted().join('\n'),
  );

  const { stdout } = await rig.ok(['runs', 'show', id]);
  assert.match(stdout, /Images: {2}3 built, 3 total[\s\S]*Slowest steps[\s\S]*Critical path/);
  const diff = await rig.ok(['runs', 'diff']);
  assert.match(diff.stdout, /~ api {2}sha256:\w{12} → sha256:\w{12}/);
  assert.match(diff.stdout, /Ran in the first only\n[\s\S]*web#build:1/);
  const { images } = JSON.parse((await rig.ok(['runs', 'diff', id, '@last', '--json'])).stdout) as {
    images: unknown[];
  };
  assert.equal(images.length, 3);

  await rig.ok(['runs', 'rm', id]);
  assert.equal((await list(rig)).length, 1);
  await rig.ok(['prune', '--all']);
  assert.equal((await list(rig)).length, 1, 'the cache is pruned, not the records');
  await rig.ok(['runs', 'rm', '--all']);
  assert.deepEqual(await list(rig), []);
});

test('what a failure prints leads to its whole log', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM busybox\nRUN for i in $(seq 1 212); do echo line $i; done; false\n',
  });
  const { stderr, code } = await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal(code, 1);
  const [, command] = /… last 40 of 212 lines \(cli (runs logs [^)]+)\)/.exec(stderr) ?? [];
  assert.ok(command, stderr);
  const { stdout } = await rig.ok(command.split(' '));
  assert.equal(stdout, Array.from({ length: 212 }, (_, i) => `line ${i + 1}\n`).join(''));
  const told = await rig.ok(['runs', 'show', '@failed']);
  assert.match(told.stdout, /Dockerfile:2[\s\S]*❯ 2 │ RUN for[\s\S]*line 212[\s\S]*exit code: 1/);
  const { failures } = await shown(rig);
  assert.deepEqual([failures.length, failures[0]!.exitCode, failures[0]!.place!.lines], [1, 1, [2, 2]]);
});

test('words that mean nothing are told with what there is', async () => {
  await using rig = await Rig.open(workspace);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await rig.cli(['runs', ...args]);
    assert.equal(code, 2, stderr);
    return stderr;
  };
  assert.match(await refused(), /runs needs a verb\n.*ls, show, logs/);
  assert.match(await refused('shwo'), /did you mean cli runs show/);
  assert.match(await refused('show'), /no run is kept for .*\n {2}cli build/);
  await rig.ok(['build', 'web']);
  await rig.ok(['build', 'web', '--no-cache-filter', 'nothing']);
  assert.match(await refused('show', 'zzz'), /there is no run "zzz"\n {2}cli runs ls/);
  assert.match(await refused('show', '-9'), /there is no run -9: 2 runs kept/);
  assert.match(await refused('show', '@failed'), /no run that is kept has failed/);
  assert.match(await refused('show', '01'), /2 runs begin or end with 01/);
  assert.match(
    await refused('logs', '-2', 'wob'),
    /neither a step nor an image "wob"\n {2}steps that wrote: .*web#build:1/,
  );
  assert.match(await refused('logs', '-1', 'web#stage-1:1'), /wrote nothing in this run: it was cached/);
  await rig.ok(['build', 'web', '--platform', 'linux/amd64']);
  assert.match((await rig.ok(['runs', 'logs'])).stderr, /no step wrote anything in \w{16}: cli runs ls/);
  assert.match(await refused('ls', '--html', 'x'), /--html goes with runs open/);
  assert.match(await refused('rm'), /rm takes runs\n.*--all/);
  assert.match(await refused('show', './buildkit.config.json'), /not the record of a run/);
});

test('a step that ran and wrote nothing says so, and is no mistake', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN true\nRUN echo heard\n' });
  await rig.ok(['build', ...rig.busybox, '-t', 'silent', '.']);
  const { steps } = JSON.parse((await rig.ok(['runs', 'show', '--json'])).stdout) as RunRecord;
  const word = steps
    .find(({ name }) => name.endsWith('RUN true'))!
    .vertex.slice('sha256:'.length, 'sha256:'.length + 12);
  const { stdout, stderr } = await rig.ok(['runs', 'logs', '@last', word]);
  assert.equal(stdout, '');
  assert.match(stderr, new RegExp(`^${word} wrote nothing in \\w{16}: cli runs ls lists other runs\n$`));
});

test('a run that is stopped is written down; one that is killed says that it never ended, and its log can be read', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1000\n' });
  const build = ['build', '--progress', 'plain', ...rig.busybox, '.'];
  const stopped = rig.start(build);
  await stopped.told(' begun\n');
  assert.deepEqual(
    (await list(rig)).map(({ result }) => result),
    ['running'],
  );
  stopped.child.kill('SIGINT');
  assert.equal((await stopped.done).code, 130);
  const record = await shown(rig);
  assert.equal(record.code, 130);
  assert.equal(record.steps.find(({ name }) => name.includes('sleep'))!.status, 'cancelled');
  assert.equal((await rig.ok(['runs', 'logs'])).stdout, 'begun\n');

  const killed = rig.start(build);
  await killed.told(' begun\n');
  // What was written is on the disk within half a second; only then it is killed.
  const log = async () => (await rig.ok(['runs', 'logs'])).stdout;
  while ((await log()) === '');
  killed.child.kill('SIGKILL');
  await killed.done;
  assert.deepEqual(
    (await list(rig)).map(({ result }) => result),
    ['killed', 'stopped'],
  );
  assert.match((await rig.ok(['runs', 'show'])).stdout, /never ended[\s\S]*cli runs logs/);
  assert.equal(await log(), 'begun\n');
  await rig.ok(['runs', 'rm', '@last']);
});

test('builds at the same time lose nothing of each other', async () => {
  const count = 4;
  const names = Array.from({ length: count }, (_, i) => `image${i}`);
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: Object.fromEntries(names.map((name) => [name, { context: name }])),
    }),
    ...Object.fromEntries(names.map((name) => [`${name}/Dockerfile`, `FROM busybox\nRUN echo ${name}\n`])),
  });
  await Promise.all(names.map((name) => rig.ok(['build', name, ...rig.busybox])));
  const runs = await list(rig);
  assert.deepEqual(runs.map(({ command }) => command[1]).sort(), names);
  const folder = join(rig.cacheDir, 'state/runs', readdirSync(join(rig.cacheDir, 'state/runs'))[0]!);
  const history = JSON.parse(readFileSync(join(folder, 'history.json'), 'utf8')) as { texts: object };
  for (const name of names) assert.ok(`${name} [] RUN echo ${name}` in history.texts, JSON.stringify(history.texts));
});

test('no secret is in what is kept', async () => {
  await using rig = await Rig.open({
    Dockerfile: [
      'FROM busybox',
      'ARG NPM_TOKEN',
      'ARG PLAIN',
      'RUN --mount=type=secret,id=key --mount=type=secret,id=file cat /run/secrets/key /run/secrets/file | wc -c',
      'COPY --chmod=$PLAIN x /${NPM_TOKEN}',
      'RUN false',
      '',
    ].join('\n'),
    x: '',
    secret: 'the-secret-of-a-file',
  });
  const args = [
    ...['--secret', 'id=key,env=KEY', '--secret', 'id=file,src=secret'],
    ...['--build-arg', 'NPM_TOKEN=npm-secret-value', '--build-arg', 'PLAIN=0644'],
    ...['--build-context', 'other=https://someone:url-password@127.0.0.1:9/x.tar'],
    ...[
      '--cache-from',
      'type=s3,bucket=b,region=r,access_key_id=AKIAKEYID,secret_access_key=s3-secret-key,endpoint_url=http://127.0.0.1:9',
    ],
  ];
  const env = { KEY: 'the-secret-of-the-environment' };
  const { code } = await rig.cli(['build', ...rig.busybox, ...args, '.'], { env });
  assert.equal(code, 1);
  const all = kept(rig);
  assert.match(all, /PLAIN=0644/, 'what is none stays');
  assert.match(all, /NPM_TOKEN=\*\*\*/);
  for (const secret of [env.KEY, 'the-secret-of-a-file', 'npm-secret-value', 'url-password', 's3-secret-key'])
    assert.ok(!all.includes(secret), `${secret} is kept`);
});

test('a record and a trace for other programs, and each can be read without the state folder', async () => {
  await using rig = await Rig.open(workspace);
  const { stderr } = await rig.ok(['build', 'all', '--summarize', '--profile=out/trace.json']);
  const [, path = ''] = /^record: (.*)$/m.exec(stderr) ?? [];
  assert.match(path, /state\/runs\/\w+\/\w+\.json$/);
  const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
  const { traceEvents } = JSON.parse(readFileSync(rig.path('out/trace.json'), 'utf8')) as { traceEvents: TraceEvent[] };
  const spans = traceEvents.filter(({ ph, pid }) => ph === 'X' && pid === 1);
  assert.equal(spans.length, record.steps.filter(({ status }) => status === 'run').length);

  // The answer is not told without looking, for then there would be no record.
  for (let i = 0; i < 2; i++) await rig.ok(['build', 'all', '--summarize=run.json']);
  assert.equal((await shown(rig, './run.json')).command.at(-1), '--summarize=run.json');
  await rig.ok(['build', 'all', '--profile']);
  assert.ok(existsSync(path));
  const { code, stderr: refusal } = await rig.cli(['build', '--dry', '--summarize', 'all']);
  assert.equal(code, 2);
  assert.match(refusal, /--summarize goes with a build, and --dry builds nothing/);
});

test('a record that others wrote moves no cursor, and its page takes no other file’s place', async () => {
  await using rig = await Rig.open(workspace);
  await rig.ok(['build', 'base', '--summarize=run.json']);
  const record = JSON.parse(readFileSync(rig.path('run.json'), 'utf8')) as RunRecord;
  const evil = 'seen\u001b]0;owned\u0007\u001b[2J\u009b1A\u202e\r';
  const text = JSON.stringify({ ...record, root: evil, monokit: evil, command: [evil], warnings: [], git: undefined });
  await rig.write({ brought: text });
  const { stdout } = await rig.ok(['runs', 'show', './brought']);
  assert.match(stdout, /seen/);
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  await rig.cli(['runs', 'open', './brought'], { env: { BROWSER: 'true' } });
  assert.equal(readFileSync(rig.path('brought'), 'utf8'), text);
  assert.match(readFileSync(rig.path('brought.html'), 'utf8'), /Content-Security-Policy/);
});

test('a record that is none is refused with what is wrong, and one that is damaged is passed over', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', folder: {} });
  for (let i = 0; i < 2; i++) await rig.ok(['build', '.', '--no-cache', '--summarize=good.json']);
  const good = JSON.parse(readFileSync(rig.path('good.json'), 'utf8')) as RunRecord;
  const broken = {
    cut: JSON.stringify(good).slice(0, -9),
    nothing: 'null',
    list: '[]',
    later: JSON.stringify({ ...good, version: 9 }),
    thin: '{"version":1,"steps":[]}',
    odd: JSON.stringify({ ...good, steps: [...good.steps, null] }),
    huge: JSON.stringify({
      ...good,
      steps: [{ ...good.steps[0], log: { pieces: [[0, 1e300]], length: 1, lines: 1 } }],
    }),
  };
  for (const [name, text] of Object.entries(broken)) writeFileSync(rig.path(`${name}.json`), text);
  for (const name of [...Object.keys(broken).map((each) => `${each}.json`), 'folder', 'gone.json']) {
    for (const args of [['show'], ['logs'], ['diff', '@last'], ['open', '--html', '-']]) {
      const { code, stdout, stderr } = await rig.cli(['runs', ...args, `./${name}`]);
      assert.deepEqual([code, stdout], [2, ''], `${args.join(' ')} ${name}: ${stderr}`);
      assert.match(stderr, /^error: .* (no|the) record of a run.*\n {2}--summarize=FILE of cli build writes one\n/);
    }
  }
  assert.match((await rig.cli(['why', 'project', '--vs', './thin.json'])).stderr, /not the record of a run/);

  const [last] = await list(rig);
  const [file] = globSync(`state/**/${last!.id}.json`, { cwd: rig.cacheDir });
  writeFileSync(join(rig.cacheDir, file!), JSON.stringify(good).slice(0, 100));
  assert.equal((await list(rig)).length, 1);
  assert.match((await rig.cli(['runs', 'show', last!.id])).stderr, /another version of monokit, or is damaged/);
  await rig.ok(['build', '.', '--no-cache']);

  await rig.ok(['runs', 'open', '--html', 'new/folder/run.html']);
  assert.match(readFileSync(rig.path('new/folder/run.html'), 'utf8'), /^<!doctype html>/i);
  const refused = await rig.cli(['runs', 'open', '--html', 'folder']);
  assert.match(refused.stderr, /^error: .*\/folder is a folder\n/);
});

test('each round of a watch that built something is a run', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nCOPY file /file\nRUN cat /file\n', file: 'one\n' });
  const watch = rig.start(['watch', ...rig.busybox, '.']);
  await watch.told('watching');
  await rig.write({ file: 'two\n' });
  await watch.told('file → [');
  watch.child.kill('SIGINT');
  await watch.done;
  const good = (await list(rig)).filter(({ result }) => result === 'ok').map(({ id }) => id);
  assert.equal((await rig.ok(['runs', 'logs', good.at(0)!])).stdout, 'two\n');
  assert.equal((await rig.ok(['runs', 'logs', good.at(-1)!])).stdout, 'one\n');
  assert.equal(good.length, 2);
});

test('a run tells the bytes of the layers that its steps made, its images times and its path, as the build did', async () => {
  const loop = 'for i in $(seq 1 900); do echo 12345678 > /many/$i; done';
  const linked = 'echo 1234567 > /few && ln /few /again && ln -s /few /link && rm -r /many';
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
      images: { base: { context: 'base' }, api: { context: 'api' } },
    }),
    'base/Dockerfile': `FROM busybox\nRUN mkdir /many && ${loop}\nRUN ${linked}\n`,
    'api/Dockerfile': 'FROM busybox AS copied\nCOPY file /a/file\nFROM base\nCOPY --from=copied /a /a\n',
    'api/file': 'x'.repeat(5000),
  });
  const { stderr } = await rig.ok(['build', 'all']);
  const { steps, images } = await shown(rig);
  const bytesOf = (text: string) => steps.find(({ name }) => name.includes(text))?.made;
  assert.equal(bytesOf('mkdir /many'), 900 * 9, 'more files than are counted at once');
  assert.equal(bytesOf('ln /few'), 8, 'names of one file count once, and what is gone does not');
  assert.equal(bytesOf('COPY file'), 5000);
  assert.equal(bytesOf('COPY --from'), 5000);
  assert.match(stderr, /Cache: .* · 17\.7 KiB stored/);

  const { stdout } = await rig.ok(['runs', 'show']);
  const path = /critical path .*/.exec(stderr)![0];
  assert.match(path, /critical path \S+: base → api(?: · recoverable \S+)?$/);
  assert.ok(stdout.includes(path) && stdout.includes('17.7 KiB stored'), stdout);
  for (const { id } of images) {
    const [, took] = new RegExp(`✔ ${id} .*?  (\\d\\S*m?s)  `).exec(stderr)!;
    assert.match(stdout, new RegExp(`^${id} +built +${took} `, 'm'));
  }
});

test('a build is what it is where nothing of it can be written down, and says so once', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', taken: 'a file' });
  for (let i = 0; i < 2; i++) {
    const { stderr } = await rig.ok(['build', '.', '--no-cache'], { env: { MONOKIT_STATE_DIR: rig.path('taken') } });
    assert.equal(stderr.match(/^warning: .* could not be written down: /gm)?.length, 1, stderr);
  }
  // What is only kept to be quicker is not missed, and what can't be done without says what to do.
  await rig.write({ 'buildkit.config.json': JSON.stringify({ images: { one: { context: '.' } } }) });
  const { code, stderr } = await rig.cli(['build', 'one'], { env: { MONOKIT_CACHE_DIR: rig.path('taken') } });
  assert.equal(code, 1);
  assert.match(stderr, /^error: cannot use the cache folder .*\/taken: .*; choose another one with --cache-dir$/m);
  await rig.ok(['build', '.']);
  for (const args of [
    ['rm', ''],
    ['show', ''],
    ['logs', '', 'x'],
  ]) {
    const empty = await rig.cli(['runs', ...args]);
    assert.equal(empty.code, 2);
    assert.match(empty.stderr, /^error: there is no run ""\n/);
  }
});
