// What runs first, what runs side by side, and what happens when a step takes too much, too long, or fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '../../packages/cli/src/runs/record.ts';
import { busyboxLayout } from '../rig/bases.ts';
import { chrooted } from '../rig/chrooted.ts';
import { leftOf } from '../rig/left.ts';
import { Rig, type Outcome } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

interface Line {
  readonly type: string;
  readonly step?: string;
  readonly steps?: readonly { readonly step: string; readonly name: string }[];
  readonly status?: string;
  readonly image?: string;
  readonly error?: string;
  readonly attempt?: number;
  readonly peakMemory?: number;
  readonly cpuTime?: number;
}

/** What a build with `--json` told, with the texts of its steps. */
function told({ stdout }: Pick<Outcome, 'stdout'>) {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const names = new Map(
    lines.flatMap(({ type, steps = [] }) =>
      (type === 'plan' ? steps : []).map(({ step, name }) => [step, name.replace(/^\[.*?\] /, '')] as const),
    ),
  );
  const steps = lines.map((line) => ({ ...line, name: names.get(line.step ?? '') ?? '' }));
  return {
    lines: steps,
    /** RUN steps in the order in which they began. */
    starts: steps.flatMap(({ type, name }) => (type === 'step.start' && name.startsWith('RUN') ? [name] : [])),
    images: Object.fromEntries(
      lines.flatMap(({ type, image, status }) => (type === 'image.end' ? [[image!, status!]] : [])),
    ),
  };
}

/** Images by id: the Dockerfile's lines after `FROM busybox`, and their keys. */
function workspace(
  images: Readonly<
    Record<string, { readonly lines: readonly string[]; readonly keys?: string; readonly from?: string }>
  >,
): Tree {
  const config = Object.entries(images).map(
    ([id, { keys = '' }]) => `${JSON.stringify(id)}: { context: '${id}', ${keys} }`,
  );
  const contexts = `contexts: { busybox: 'oci-layout://${busyboxLayout()}' }`;
  return {
    'buildkit.config.mjs': `export default { defaults: { ${contexts} }, images: {\n${config.join(',\n')}\n} };\n`,
    ...Object.fromEntries(
      Object.entries(images).map(([id, { lines, from = 'busybox' }]) => [
        id,
        { Dockerfile: [`FROM ${from}`, ...lines, ''].join('\n') },
      ]),
    ),
  };
}

const shared = 'RUN echo shared > /shared';

test('the longest path begins first, and a priority before it', async () => {
  await using rig = await Rig.open(
    workspace({
      short: { lines: [shared, 'RUN echo short'] },
      brief: { lines: [shared, 'RUN echo brief'] },
      long: { lines: [shared, ...[1, 2, 3, 4].map((i) => `RUN echo long ${i}`)] },
      wanted: { lines: [shared, 'RUN echo wanted'], keys: 'priority: 1' },
    }),
  );
  const { starts } = told(await rig.ok(['build', 'all', '--json', '--concurrency', '1']));
  // The last step of `long` is as long as the other two, which wait for longer.
  assert.deepEqual(starts.slice(0, 5), [shared, 'RUN echo wanted', ...[1, 2, 3].map((i) => `RUN echo long ${i}`)]);
  assert.deepEqual(starts.slice(5), ['RUN echo short', 'RUN echo brief', 'RUN echo long 4']);
});

test('what waits for an image makes its path longer', async () => {
  await using rig = await Rig.open(
    workspace({
      first: { lines: [shared, 'RUN echo first'] },
      awaited: { lines: [shared, 'RUN echo awaited'] },
      second: { lines: ['RUN echo second'], keys: `dependsOn: 'awaited'` },
      third: { lines: ['RUN echo third'], keys: `dependsOn: 'second'` },
    }),
  );
  const { starts } = told(await rig.ok(['build', 'all', '--json', '--concurrency', '1']));
  assert.deepEqual(starts.slice(0, 2), [shared, 'RUN echo awaited']);
});

test('what a step took before tells how long it is', async () => {
  await using rig = await Rig.open(
    workspace({
      quick: { lines: [shared, 'RUN echo quick'] },
      fast: { lines: [shared, 'RUN echo fast'] },
      slow: { lines: [shared, 'RUN sleep 3'] },
    }),
  );
  const build = async () => told(await rig.ok(['build', 'all', '--json', '--no-cache', '--concurrency', '1'])).starts;
  assert.deepEqual(await build(), [shared, 'RUN echo quick', 'RUN echo fast', 'RUN sleep 3']);
  assert.deepEqual((await build()).slice(0, 2), [shared, 'RUN sleep 3']);
});

test('steps that together need more memory than there is run one after another', { skip: chrooted }, async () => {
  const mount = 'RUN --mount=type=cache,id=met,target=/met';
  // Each waits for the other where they are to meet.
  const step = (own: string, other: string) => [
    'ARG MEET',
    `${mount} touch /met/${own}; [ -z "$MEET" ] || until [ -e /met/${other} ]; do :; done; echo ${own}`,
  ];
  await using rig = await Rig.open(
    workspace({
      one: { lines: step('one', 'two'), keys: `resources: { memory: '120MiB' }` },
      two: { lines: step('two', 'one'), keys: `resources: { memory: '120MiB' }` },
      huge: { lines: ['RUN echo huge'], keys: `resources: { memory: '4GiB', cpus: 512 }` },
    }),
  );
  const apart = told(await rig.ok(['build', 'all', '--json', '--memory', '200MiB']));
  let running = 0;
  for (const { type, name } of apart.lines) {
    if (!name.startsWith('RUN')) continue;
    if (type === 'step.start') running++;
    if (type === 'step.end') running--;
    assert.ok(running <= 1, 'two steps ran at a time');
  }
  assert.equal(apart.starts.length, 3);
  // Where there is room they run side by side, and so end at all.
  const together = ['build', 'one', 'two', '--json', '--memory', '1GiB', '--build-arg', 'MEET=1', '--no-cache'];
  assert.equal(told(await rig.ok(together)).starts.length, 2);
});

test('what is cached is found while a step runs that nothing else may run beside', async () => {
  const mount = 'RUN --mount=type=cache,id=go,target=/go';
  await using rig = await Rig.open(
    workspace({
      busy: { lines: [`${mount} until [ -e /go/now ]; do sleep 0.05; done`] },
      known: { lines: ['COPY Dockerfile /', 'RUN echo known > /known', 'COPY Dockerfile /again'] },
      opener: { lines: [`${mount} touch /go/now`] },
    }),
  );
  await rig.ok(['build', 'known']);
  const build = rig.start(['build', 'busy', 'known', '--json', '--concurrency', '1']);
  await build.told('"type":"image.end","image":"known"');
  await rig.ok(['build', 'opener']);
  const { images } = told(await build.done);
  assert.deepEqual(images, { busy: 'built', known: 'cached' });
});

test(
  'limits of resources hold, in bake targets too, and out of memory is told with its peak',
  { skip: chrooted },
  async () => {
    const limit = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null';
    await using rig = await Rig.open({
      ...workspace({
        eater: { lines: ['RUN tail /dev/zero'], keys: `resources: { memory: '32MiB', memorySwap: '32MiB' }` },
        plain: { lines: ['RUN i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'] },
      }),
      bake: {
        'docker-bake.hcl': `target "default" {
        contexts = { busybox = "oci-layout://${busyboxLayout()}" }
        dockerfile-inline = "FROM busybox\\nRUN test $(${limit}) = 67108864\\n"
        resources = { memory = "64m" }
      }`,
      },
    });
    const { lines } = told(await rig.ok(['build', 'plain', '--json']));
    const done = lines.find(({ type, name }) => type === 'step.end' && name.startsWith('RUN'))!;
    assert.ok(done.peakMemory! > 100_000 && done.peakMemory! < 64 << 20, `${done.peakMemory} bytes`);
    assert.ok(done.cpuTime! > 0, `${done.cpuTime} ms`);
    await rig.ok(['build', '-f', 'bake/docker-bake.hcl']);
    const { code, stderr } = await rig.cli(['build', 'eater']);
    assert.equal(code, 1);
    assert.match(stderr, /killed: out of memory, peak 3\d\.\d MiB, with a limit of 32\.0 MiB/);
  },
);

test('a timeout kills the step and leaves nothing, and what was done stays done', async () => {
  const lines = ['RUN echo first', 'ARG FOR=1000', 'RUN echo began; sleep $FOR'];
  await using rig = await Rig.open(
    workspace({ slow: { lines, keys: `timeout: '2s'` }, other: { lines: ['RUN echo'] } }),
  );
  // So that nothing but the sleep has to run in that time, however busy the machine is.
  await rig.ok(['build', 'slow', '--build-arg', 'FOR=0', '--set', 'slow.timeout=10m']);
  const { code, stderr } = await rig.cli(['build', 'all', '--continue']);
  assert.equal(code, 1);
  assert.match(stderr, /✖ slow {2}\[2\/3\] RUN echo began; sleep 1000/);
  assert.match(stderr, /error: timed out after 2s, the time that the steps of slow may run/);
  assert.match(stderr, /Images: {2}1 built, 1 failed, 2 total/);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  assert.deepEqual(told(await rig.ok(['build', 'slow', '--json', '--build-arg', 'FOR=0'])).starts, []);
  assert.deepEqual(told(await rig.cli(['build', 'slow', '--json'])).starts, ['RUN echo began; sleep 1000']);
});

test('a step that others want goes on when the time of one image is up', async () => {
  const mount = 'RUN --mount=type=cache,id=go,target=/go';
  const common = [`${mount} until [ -e /go/now ]; do sleep 0.05; done`];
  await using rig = await Rig.open(
    workspace({
      hasty: { lines: common, keys: `timeout: '1s'` },
      patient: { lines: [...common, 'RUN echo done'] },
      // Built once `hasty` has failed.
      opener: { lines: [`${mount} touch /go/now`], keys: `dependsOn: 'hasty'` },
    }),
  );
  const { code, ...outcome } = await rig.cli(['build', 'all', '--json', '--continue=always']);
  assert.equal(code, 1);
  assert.deepEqual(told(outcome).images, { hasty: 'failed', opener: 'built', patient: 'built' });
});

test('--timeout stops the run with exit code 1, and leaves nothing', async () => {
  await using rig = await Rig.open(workspace({ a: { lines: ['RUN sleep 1000'] }, b: { lines: ['RUN sleep 2000'] } }));
  const build = (seconds: number) => rig.cli(['build', 'all', '--timeout', `${seconds}s`]);
  // As long as this machine takes until both run.
  let [seconds, outcome] = [3, await build(3)];
  const both = /, at (?=.*\ba:1\b)(?=.*\bb:1\b).*\n/;
  while (!both.test(outcome.stderr) && seconds < 48) outcome = await build((seconds *= 2));
  const { code, stderr } = outcome;
  assert.equal(code, 1);
  const failed = new RegExp(` Failed: {2}timed out after ${seconds}s${both.source}`);
  assert.match(stderr, / Images: {2}2 cancelled, 2 total\n/);
  assert.match(stderr, failed);
  assert.match(
    stderr,
    new RegExp(`error: timed out after ${seconds}s\nexit 1: it took longer than --timeout allows\n$`),
  );
  assert.doesNotMatch(stderr, /runc|container/);
  assert.deepEqual(leftOf(rig.cacheDir), []);
  assert.match((await rig.ok(['runs', 'ls'])).stdout, new RegExp(` ✖ timed out after ${seconds}s  `));
  assert.match((await rig.ok(['runs', 'show'])).stdout, failed);
  const record = JSON.parse((await rig.ok(['runs', 'show', '--json'])).stdout) as RunRecord;
  assert.deepEqual([record.code, record.timedOut], [1, `timed out after ${seconds}s`]);
  const { stdout } = await rig.cli(['build', 'all', '--timeout', '2s', '--json']);
  assert.equal((JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { error: string }).error, 'timed out after 2s');
  const typed = await rig.cli(['build', 'all', '--timeout', 'soon']);
  assert.equal(typed.code, 2);
  assert.match(typed.stderr, /--timeout needs a time such as 90s, 10m or 1h30m, got "soon"/);
});

test('a step is run again as often as its image says, and not where that would change nothing', async () => {
  const flaky = (file: string) =>
    `RUN --mount=type=cache,id=tries,target=/tries echo x >> /tries/${file}; test -e /left && exit 9; touch /left; test $(wc -l < /tries/${file}) -ge 3`;
  await using rig = await Rig.open(
    workspace({
      flaky: { lines: [flaky('flaky')], keys: 'retries: 2' },
      flagged: { lines: [flaky('flagged')] },
      missing: { lines: ['RUN ["/no/such/program"]'], keys: 'retries: 2' },
    }),
  );
  const { lines } = told(await rig.ok(['build', 'flaky', '--json']));
  const retried = lines.filter(({ type }) => type === 'step.retry');
  // What an attempt left is nothing to look at where another one follows.
  assert.ok(!lines.some(({ type }) => type === 'step.kept'));
  assert.deepEqual(
    retried.map(({ attempt, error }) => [attempt, error!.endsWith('exit code: 1')]),
    [
      [2, true],
      [3, true],
    ],
  );
  const { stderr } = await rig.cli(['build', 'flagged', '--retries', '1']);
  assert.match(stderr, /attempt 2 of 2, because process .* exit code: 1\n/);
  assert.match(stderr, /ERROR .* exit code: 1\n/);
  const refused = await rig.cli(['build', 'missing', '--json']);
  assert.equal(refused.code, 1);
  assert.deepEqual(
    told(refused).lines.filter(({ type }) => type === 'step.retry'),
    [],
  );
});

/** `left` fails; `top` is built after both sides, `made` from `left`. */
const diamond = workspace({
  base: { lines: ['RUN echo base'] },
  left: { lines: ['RUN exit 3'], keys: `dependsOn: 'base'` },
  right: { lines: ['ARG WAIT=0', 'RUN sleep $WAIT'], keys: `dependsOn: 'base'` },
  top: { lines: ['RUN echo top'], keys: `dependsOn: ['left', 'right']` },
  made: { from: 'left', lines: ['RUN echo made'], keys: `dependsOn: 'right'` },
});

for (const [mode, ends, footer] of [
  [
    'never',
    { left: 'failed', right: 'cancelled', top: 'blocked', made: 'cancelled' },
    /Images: {2}1 built, 1 failed, 1 blocked, 2 cancelled, 5 total/,
  ],
  [
    'dependencies-successful',
    { left: 'failed', right: 'built', top: 'blocked', made: 'blocked' },
    /Images: {2}2 built, 1 failed, 2 blocked, 5 total/,
  ],
  [
    'always',
    { left: 'failed', right: 'built', top: 'built', made: 'blocked' },
    /Images: {2}3 built, 1 failed, 1 blocked, 5 total/,
  ],
] as const) {
  test(`--continue=${mode} after a failure in a diamond of images`, async () => {
    await using rig = await Rig.open(diamond);
    // Where all else is stopped, the other side is still at work.
    const flags = [`--continue=${mode}`, '--set', `right.args.WAIT=${mode === 'never' ? 1000 : 0}`];
    const { code, ...outcome } = await rig.cli(['build', 'all', '--json', ...flags]);
    assert.equal(code, 1);
    const { images } = told(outcome);
    assert.equal(images['base'], 'built');
    assert.deepEqual(Object.fromEntries(Object.keys(ends).map((id) => [id, images[id]])), ends);
    await using plain = await Rig.open(diamond);
    const { stderr, code: again } = await plain.cli(['build', 'all', ...flags]);
    assert.equal(again, 1);
    assert.match(stderr, footer);
    assert.match(stderr, / Failed: {2}left/);
    // The record says the same, and so does what is made of it.
    const record = JSON.parse((await plain.ok(['runs', 'show', '--json'])).stdout) as RunRecord;
    const kept = Object.fromEntries(record.images.map(({ id, status }) => [id, status]));
    assert.deepEqual(Object.fromEntries(Object.keys(ends).map((id) => [id, kept[id]])), ends);
    const blocked = Object.keys(ends).filter((id) => kept[id] === 'blocked');
    assert.deepEqual(record.failures[0]!.blocked.toSorted(), blocked.toSorted());
    assert.match((await plain.ok(['runs', 'show'])).stdout, footer);
  });
}

test('a step that failed is not run again for an image that waited for another one', async () => {
  const counted = 'RUN --mount=type=cache,id=counted,target=/n echo x >> /n/runs';
  await using rig = await Rig.open(
    workspace({
      left: { lines: [`${counted}; exit 3`] },
      right: { lines: ['RUN echo right'] },
      made: { from: 'left', lines: ['RUN echo made'], keys: `dependsOn: 'right'` },
      runs: { lines: [`${counted}; echo "$(wc -l < /n/runs) runs"; exit 4`] },
    }),
  );
  const { code, ...outcome } = await rig.cli(['build', 'left', 'right', 'made', '--json', '--continue=always']);
  assert.equal(code, 1);
  const { lines, images } = told(outcome);
  assert.deepEqual(images, { left: 'failed', right: 'built', made: 'blocked' });
  const ends = lines.filter(({ type, status }) => type === 'step.end' && status === 'failed');
  assert.equal(ends.length, 1);
  assert.equal(lines.filter(({ type, step }) => type === 'step.start' && step === ends[0]!.step).length, 1);
  assert.match((await rig.cli(['build', 'runs'])).stderr, /\b2 runs\n/, 'this one is the second');
});
