import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Defined, Engine, SolveRequest, SolveResponse } from '../engine.ts';
import { formatPlatform, parsePlatform, type Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import { call } from './call.ts';
import { defineAll } from './define-all.ts';
import type { RunEvent } from './event.ts';
import { run, type Continue, type Offer, type Task } from './run.ts';

/** An image for the fake engine: what its Dockerfile is built from, and for which platforms. */
interface Fake {
  readonly from?: readonly string[];
  readonly platform?: string;
  readonly names?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly fails?: 'defining' | 'building';
}

function requestOf(id: string, { platform }: Fake): SolveRequest {
  const options: Record<string, string> = platform === undefined ? {} : { platform };
  const source = { kind: 'frontend', frontend: 'fake', options } as const;
  return { id, source, session: {} as never, exports: [], entitlements: [], cacheFrom: [], cacheTo: [] };
}

/** An engine that asks for the inputs that its images are built from, and remembers what it did. */
function fakeEngine(images: Readonly<Record<string, Fake>>) {
  const log: string[] = [];
  const engine: Engine = {
    async define(request): Promise<Defined> {
      const { id, source } = request;
      assert.equal(source.kind, 'frontend');
      if (source.kind !== 'frontend') throw new Error('unreachable');
      const platforms = (source.options['platform'] ?? 'linux/amd64').split(',').map(parsePlatform);
      log.push(`define ${id} ${platforms.map(formatPlatform).join(',')}`);
      if (images[id]?.fails === 'defining') throw new Failed({ kind: 'fake', message: `${id} is malformed` });
      for (const platform of platforms) {
        for (const name of images[id]?.from ?? []) log.push(`${id} gets ${told(await source.input!(name, platform))}`);
      }
      const definition = { ops: [Buffer.from(id)], metadata: new Map() };
      return {
        request,
        images: platforms.map((platform: Platform) => ({ platform, definition })),
        multiPlatform: platforms.length > 1,
        metadata: {},
      };
    },
    open: () => ({
      solve: (defined) =>
        defined.map(async ({ request: { id } }): Promise<SolveResponse> => {
          log.push(`build ${id}`);
          await Promise.resolve();
          if (images[id]?.fails === 'building') throw new Failed({ kind: 'fake', message: `${id} broke` });
          log.push(`built ${id}`);
          return { id, exported: {} };
        }),
      async [Symbol.asyncDispose]() {},
    }),
    async [Symbol.asyncDispose]() {},
  };
  const told = (
    input: Awaited<ReturnType<NonNullable<Extract<SolveRequest['source'], { kind: 'frontend' }>['input']>>>,
  ) =>
    input
      ? `${input.of!.request.id} ${input.of!.images.map(({ platform }) => formatPlatform(platform)).join(',')}`
      : 'nothing';
  const task = (id: string): Task => {
    const image = images[id]!;
    const { dependsOn } = image;
    return { request: requestOf(id, image), names: [id, ...(image.names ?? [])], ...(dependsOn && { dependsOn }) };
  };
  const offer = (id: string): Offer => ({
    id,
    names: [id, ...(images[id]!.names ?? [])],
    request: async () => {
      log.push(`ask for ${id}`);
      return requestOf(id, images[id]!);
    },
  });
  return { engine, log, task, offer };
}

const work = { signal: new AbortController().signal, report: () => undefined };

async function outcomes(
  images: Readonly<Record<string, Fake>>,
  {
    after = 'dependencies-successful',
    offers = [],
  }: { readonly after?: Continue; readonly offers?: readonly string[] } = {},
) {
  const { engine, log, task, offer } = fakeEngine(images);
  const events: RunEvent[] = [];
  const tasks = Object.keys(images).filter((id) => !offers.includes(id));
  const results = await run(engine, tasks.map(task), {
    ...work,
    report: (event) => events.push(event),
    continue: after,
    offers: offers.map(offer),
  });
  const ends = events.flatMap((event) =>
    'task' in event && event.kind !== 'task-defined' ? [`${event.task} ${event.kind.replace('task-', '')}`] : [],
  );
  return { log, ends, built: results.flatMap(({ id, response }) => (response ? [id] : [])) };
}

test('an image that another names is its input, and is defined once', async () => {
  const { log } = await outcomes({ base: { names: ['org/base:1'] }, api: { from: ['org/base:1', 'busybox'] } });
  assert.deepEqual(log.slice(0, 4), [
    'define base linux/amd64',
    'define api linux/amd64',
    'api gets base linux/amd64',
    'api gets nothing',
  ]);
});

test('an offer is asked for when it is named, and never built for its own sake', async () => {
  const images = { api: { from: ['base'] }, base: { from: ['root'] }, root: {}, idle: {} };
  const { log, built } = await outcomes(images, { offers: ['base', 'root', 'idle'] });
  assert.deepEqual(log, [
    'define api linux/amd64',
    'ask for base',
    'define base linux/amd64',
    'ask for root',
    'define root linux/amd64',
    'base gets root linux/amd64',
    'api gets base linux/amd64',
    'build api',
    'built api',
  ]);
  assert.deepEqual(built, ['api']);
});

test('an image is defined for a platform beside its own if one that is built from it needs that', async () => {
  const { log } = await outcomes({ base: {}, api: { from: ['base'], platform: 'linux/amd64,linux/arm64' } });
  assert.deepEqual(log.slice(0, 5), [
    'define base linux/amd64',
    'define api linux/amd64,linux/arm64',
    'api gets base linux/amd64',
    'define base linux/arm64',
    'api gets base linux/arm64',
  ]);
});

test('an image whose own name stands in its FROM means the one in the registry', async () => {
  const { log } = await outcomes({ busybox: { from: ['busybox'] } });
  assert.ok(log.includes('busybox gets nothing'));
});

test('images that are built from each other are refused', async () => {
  const { engine, task } = fakeEngine({ a: { from: ['b'] }, b: { from: ['c'] }, c: { from: ['a'] } });
  const settled = await Promise.allSettled(defineAll(engine, ['a', 'b', 'c'].map(task), work));
  const messages = settled.map((each) => (each.status === 'rejected' ? String(each.reason) : ''));
  assert.ok(
    messages.some((message) => /in a circle: \w → \w → \w → \w/.test(message)),
    messages.join('\n'),
  );
});

test('what an image depends on is built before it', async () => {
  const { log } = await outcomes({ app: { dependsOn: ['db', 'cache'] }, db: { dependsOn: ['cache'] }, cache: {} });
  assert.deepEqual(
    log.filter((line) => line.startsWith('buil')),
    ['build cache', 'built cache', 'build db', 'built db', 'build app', 'built app'],
  );
});

test('with `always` an image is built after one that failed, unless it is built from it', async () => {
  const images = {
    db: { fails: 'building' },
    bad: { fails: 'defining' },
    app: { dependsOn: ['db', 'bad'] },
    last: { dependsOn: ['app'] },
    made: { from: ['bad'] },
  } as const;
  const { ends, built } = await outcomes(images, { after: 'always' });
  assert.deepEqual(built, ['app', 'last']);
  assert.deepEqual(ends.toSorted(), ['app completed', 'bad failed', 'db failed', 'last completed', 'made failed']);
});

test('a failure stops what depends on it, and the rest goes on', async () => {
  const { ends, built } = await outcomes({ db: { fails: 'building' }, app: { dependsOn: ['db'] }, web: {} });
  assert.deepEqual(built, ['web']);
  assert.deepEqual(ends.toSorted(), ['app blocked', 'db failed', 'web completed']);
});

test('an image that cannot be defined fails those that are built from it, with why', async () => {
  const images = { base: { fails: 'defining' }, api: { from: ['base'] }, web: {} } as const;
  assert.deepEqual((await outcomes(images)).ends.toSorted(), ['api failed', 'base failed', 'web completed']);
  const { engine, task, offer } = fakeEngine(images);
  const [api] = defineAll(engine, [task('api')], { ...work, offers: [offer('base')] });
  await assert.rejects(api!, (error: Failed) => {
    assert.equal(error.message, "base, which api is built from, can't be built");
    assert.equal((error.cause as Error).message, 'base is malformed');
    return true;
  });
});

test('with `never` nothing is built once an image cannot be defined', async () => {
  const images = {
    bad: { fails: 'defining' },
    web: {},
    app: { dependsOn: ['bad'] },
    last: { dependsOn: ['web', 'app'] },
  } as const;
  const { ends, log } = await outcomes(images, { after: 'never' });
  assert.deepEqual(ends, ['bad failed', 'web cancelled', 'app blocked', 'last blocked']);
  assert.deepEqual(
    log.filter((line) => line.startsWith('build')),
    [],
  );
});

test('a question goes to the frontends of those that are asked; what they are built from is defined as for a build', async () => {
  const images = { api: { from: ['base'] }, base: {}, odd: {} };
  const { engine, log, task } = fakeEngine(images);
  const answering: Engine = {
    ...engine,
    async define(request, work) {
      const defined = await engine.define(request, work);
      const { source, id } = request;
      const question = source.kind === 'frontend' ? source.options['requestid'] : undefined;
      if (question === undefined || id === 'odd') return defined;
      log.push(`${id} is asked ${question}`);
      return { ...defined, images: [], metadata: { 'result.json': `"${id}"`, 'result.statuscode': '1' } };
    },
  };
  const tasks = Object.keys(images).map(task);
  const answers = await Promise.allSettled(call(answering, tasks, { ...work, question: 'frontend.lint' }));
  assert.deepEqual(
    answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.json : String(answer.reason))),
    [
      '"api"',
      '"base"',
      'Failed: nobody answers frontend.lint for odd: it has no frontend, or one that does not know the question',
    ],
  );
  assert.deepEqual(answers[0]?.status === 'fulfilled' && answers[0].value.status, 1);
  assert.equal(log.filter((line) => line === 'define base linux/amd64').length, 2, 'once asked, once for api');
  assert.ok(log.includes('api gets base linux/amd64'));
});
