// What the plan foretells is what then happens.

import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const config = {
  discover: true,
  defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
  images: { web: { args: { TITLE: 'shop' } } },
};

const files: Tree = {
  'buildkit.config.json': JSON.stringify(config),
  base: { Dockerfile: 'FROM busybox\nCOPY tools /tools\nRUN ls /tools > /list\n', tools: { t: 't' }, readme: 'r' },
  api: {
    Dockerfile:
      'FROM base AS build\nCOPY src /src\nRUN sort /src/* > /all\nFROM base\nCOPY --from=build /all /all\nRUN wc /all > /wc\n',
    src: { a: 'a\n', b: 'b\n' },
  },
  web: {
    Dockerfile: 'FROM busybox\nARG TITLE\nRUN echo $TITLE > /t\nCOPY . /w\n',
    '.dockerignore': '*.md\n',
    'w.txt': 'w',
  },
};

interface Planned {
  readonly steps: readonly { readonly digest: string; readonly name: string; readonly outlook: 'run' | 'unknown' }[];
}

async function planned(rig: Rig): Promise<{ readonly run: string[]; readonly unknown: string[] }> {
  const { steps } = JSON.parse((await rig.ok(['plan', 'all', '--json'])).stdout) as Planned;
  const names = (wanted: string) => steps.filter(({ outlook }) => outlook === wanted).map(({ name }) => name);
  return { run: names('run').sort(), unknown: names('unknown').sort() };
}

/** Names of the steps that a build runs, those that only look left out. */
async function ran(rig: Rig): Promise<string[]> {
  const { stdout } = await rig.ok(['build', 'all', '--json']);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const plan = events.find(({ type }) => type === 'plan')!['steps'] as { step: string; name: string }[];
  const done = new Set(
    events.filter(({ type, status }) => type === 'step.end' && status === 'done').map(({ step }) => step),
  );
  return plan
    .filter(({ step, name }) => done.has(step) && !name.startsWith('[internal]'))
    .map(({ name }) => name)
    .sort();
}

test('the plan tells what runs, for ten kinds of changes, and runs nothing itself', async () => {
  await using rig = await Rig.open(files);
  const cold = await planned(rig);
  assert.deepEqual(await planned(rig), cold, 'a plan changes nothing');
  const first = await ran(rig);
  assert.deepEqual(
    cold.run.filter((name) => !first.includes(name)),
    [],
  );
  assert.deepEqual(
    first.filter((name) => ![...cold.run, ...cold.unknown].includes(name)),
    [],
  );

  const append = (path: string, text: string) => appendFileSync(rig.path(path), text);
  const changes: readonly (readonly [what: string, change: () => void])[] = [
    ['nothing', () => undefined],
    ['a file of a base', () => append('base/tools/t', 'more')],
    ['a file that nothing copies', () => append('base/readme', 'more')],
    ['a new file', () => writeFileSync(rig.path('web/new'), 'new')],
    ['a file that is gone', () => rmSync(rig.path('web/new'))],
    ['a mode', () => chmodSync(rig.path('web/w.txt'), 0o755)],
    ['a file under another name', () => renameSync(rig.path('api/src/a'), rig.path('api/src/c'))],
    ['an instruction', () => append('web/Dockerfile', 'RUN echo more > /more\n')],
    ['a comment', () => append('api/Dockerfile', '# more\n')],
    ['an ignore pattern', () => append('web/.dockerignore', '*.txt\n')],
    [
      'an argument',
      () => writeFileSync(rig.path('buildkit.config.json'), JSON.stringify(config).replace('shop', 'store')),
    ],
    [
      'an image',
      () => (mkdirSync(rig.path('neu')), writeFileSync(rig.path('neu/Dockerfile'), 'FROM base\nRUN echo > /neu\n')),
    ],
    ['what was there before', () => writeFileSync(rig.path('buildkit.config.json'), JSON.stringify(config))],
  ];
  for (const [what, change] of changes) {
    change();
    const { run, unknown } = await planned(rig);
    const really = await ran(rig);
    assert.deepEqual(
      run.filter((name) => !really.includes(name)),
      [],
      `${what}: was to run, and did not`,
    );
    assert.deepEqual(
      really.filter((name) => !run.includes(name) && !unknown.includes(name)),
      [],
      `${what}: ran, and was not foretold`,
    );
    assert.deepEqual(await planned(rig), { run: [], unknown: [] }, `${what}: nothing is left to do`);
  }
});

test('the plan is told for people, and by build --dry', async () => {
  await using rig = await Rig.open(files);
  const { stdout } = await rig.ok(['plan', 'web']);
  assert.match(stdout, /^web {2}\d to run.*\n(?: {2}[▸?] .*\n)+\n\d steps to run/);
  assert.equal((await rig.ok(['build', 'web', '--dry'])).stdout, stdout);
  const forPrograms = JSON.parse((await rig.ok(['build', 'web', '--dry', '--json'])).stdout) as { version: number };
  assert.equal(forPrograms.version, 1);
  await rig.ok(['build', 'web']);
  assert.equal((await rig.ok(['build', 'web', '--dry'])).stdout, '0 steps to run, 1 image up to date\n');
  append(rig);
  assert.match(
    (await rig.ok(['plan', 'web'])).stdout,
    /▸ .*COPY \. \/w {2}web\/Dockerfile:4 {2}reads \d+ B {2}\+\d+ B {2}~\S+\n/,
  );
});

test('the plan tells the bytes of layers as they were before, and what of them is uploaded', async () => {
  await using rig = await Rig.open(files);
  const totals = async (...flags: string[]) => {
    const { stdout } = await rig.ok(['plan', 'all', '--json', ...flags]);
    return (JSON.parse(stdout) as { totals: { bytesMade: number; bytesUp: number } }).totals;
  };
  assert.deepEqual((({ bytesMade, bytesUp }) => [bytesMade, bytesUp])(await totals()), [0, 0], 'nothing is known');
  await rig.ok(['build', 'all']);
  await rig.write({ 'api/src/a': 'c\n' });
  // COPY src: a and b; sort: both; COPY --from: both; wc: a number and a name.
  const { bytesMade, bytesUp } = await totals();
  const text = (await rig.ok(['plan', 'api', '--cache-to', 'type=local,dest=../cache'])).stdout;
  const inImage = Number(/ (\d+) B to upload before compression/.exec(text)?.[1]);
  assert.deepEqual([bytesMade - inImage, bytesUp], [8, 0], 'the stage that is only copied from');
  assert.equal((await totals('--cache-to', 'type=local,dest=../cache')).bytesUp, inImage);
  assert.equal((await totals('--cache-to', 'type=local,dest=../cache,mode=max')).bytesUp, bytesMade);
  assert.equal((await totals('--cache-to', 'type=inline')).bytesUp, 0);
  assert.equal((await totals('--output', 'type=image,name=localhost:1/api,push=true')).bytesUp, inImage);
});

test('a server is asked what it has, and sends nothing', async () => {
  let text = 'first';
  const asked: string[] = [];
  const server = createServer(({ method, headers }, response) => {
    const etag = `"${text}"`;
    const same = headers['if-none-match']?.includes(etag) ?? false;
    asked.push(method!);
    response.writeHead(same ? 304 : 200, { etag, 'content-length': same ? 0 : text.length });
    response.end(same || method === 'HEAD' ? undefined : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await using _closed = { [Symbol.asyncDispose]: async () => void server.close() };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  await using rig = await Rig.open({ Dockerfile: `FROM scratch\nADD ${url} /file\n` });
  const plan = async () => {
    asked.length = 0;
    const { steps, totals } = JSON.parse((await rig.ok(['plan', '.', '--json'])).stdout) as {
      steps: { outlook: string }[];
      totals: { bytesDown: number };
    };
    assert.ok(!asked.includes('GET'));
    return [steps.map(({ outlook }) => outlook), totals.bytesDown];
  };
  assert.deepEqual(await plan(), [['run', 'unknown'], 5]);
  await rig.ok(['build', '.']);
  assert.deepEqual(await plan(), [['cached', 'cached'], 0]);
  text = 'second';
  assert.deepEqual(await plan(), [['run', 'unknown'], 6]);
});

function append(rig: Rig): void {
  appendFileSync(rig.path('web/w.txt'), 'more');
}

test('of steps that do the same work in several images one is told to run', async () => {
  const service = { Dockerfile: 'FROM busybox\nCOPY a /a\nRUN wc /a\n', a: 'a' };
  const { discover, defaults } = config;
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({ discover, defaults }),
    one: service,
    two: service,
  });
  const { run, unknown } = await planned(rig);
  assert.deepEqual(unknown, []);
  assert.deepEqual(await ran(rig), run);
  assert.equal(run.filter((name) => name.includes('RUN wc')).length, 1);
});

test('a build says beforehand what it will do', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY a /a\nCOPY b /b\n', a: 'a', b: 'b' });
  const told = async () => (await rig.ok(['build', '.', '--progress', 'plain'])).stderr.match(/^plan {3}.*$/m)?.[0];
  assert.equal(await told(), 'plan   0 cached, 2 to run');
  assert.equal(await told(), undefined, 'nothing is to be done');
  await rig.write({ b: 'c' });
  assert.match((await told())!, /^plan {3}1 cached, 1 to run · ~\S+ on \d+ cores?$/);
  assert.match(
    (await rig.ok(['build', '.', '--no-cache'])).stderr,
    / {3}Time: .* critical path \S+: project(?: · recoverable \S+)?\n/,
  );
});

test('a frozen build takes everything from caches, or tells what would run and runs nothing', async () => {
  await using rig = await Rig.open(files);
  const refused = await rig.cli(['build', 'web', '--frozen']);
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /▸ .*RUN echo .*\n[^]*error: --frozen: 2 steps would run, or may\n/);
  assert.equal(refused.stdout, '');
  assert.match((await rig.ok(['plan', 'web'])).stdout, /RUN echo/);
  await rig.ok(['build', 'web']);
  assert.match((await rig.ok(['build', 'web', '--frozen'])).stderr, /up to date|cached/);
  append(rig);
  assert.equal((await rig.cli(['build', 'web', '--frozen'])).code, 5);
});

test('build --dry says with its exit code whether a frozen build would be refused, and quietly for whom', async () => {
  await using rig = await Rig.open(files);
  const dry = (...args: string[]) => rig.cli(['build', 'all', '--dry', ...args]);
  const text = await dry('--frozen');
  assert.equal(text.code, 5);
  assert.match(text.stdout, /▸ .*RUN echo /);
  assert.match(text.stderr, /^error: --frozen: \d steps would run, or may\nexit 5: /);
  const ids = await dry('--frozen', '-q');
  const json = await dry('--frozen', '--json', '-q');
  assert.deepEqual([ids.code, json.code], [5, 5]);
  const { images } = JSON.parse(json.stdout) as { images: { id: string }[] };
  assert.equal(ids.stdout, images.map(({ id }) => `${id}\n`).join(''));
  await rig.ok(['build', 'all']);
  for (const args of [[], ['--frozen']]) {
    const { code, stdout, stderr } = await dry('-q', ...args);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  }
});

test('where nothing is built, flags that go with a build are refused, and two questions at once', async () => {
  await using rig = await Rig.open(files);
  for (const question of ['--dry', '--print', '--check', '--list=targets']) {
    for (const flag of ['--metadata-file=m', '--iidfile=i', '--summary=s', '--code-quality=q', '--open-graph']) {
      const { code, stdout, stderr } = await rig.cli(['build', 'all', question, flag]);
      assert.deepEqual([code, stdout], [2, ''], `${question} ${flag}`);
      assert.ok(stderr.startsWith(`error: ${flag.split('=')[0]} `), stderr);
    }
  }
  for (const [one, other] of [
    ['--dry', '--check'],
    ['--print', '--dry'],
    ['--print', '--list=targets'],
  ] as const) {
    const { code, stderr } = await rig.cli(['build', 'all', one, other]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: --\w+ and --\w+ are two questions\n/);
  }
});
