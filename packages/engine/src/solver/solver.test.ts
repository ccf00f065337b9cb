import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Event } from '../progress/event.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import type { KeyId } from './cache-key.ts';
import type { CacheStore, KeyQuestion, PartialQuestion } from './cache-store.ts';
import { Solver } from './solver.ts';
import type { CacheMap, Edge, Operator, Vertex } from './vertex.ts';

test('a vertex that two others need runs once', async () => {
  const world = new World();
  const base = world.vertex('base');
  const [a, b] = [world.vertex('a', [base]), world.vertex('b', [base])];
  await using solver = world.solver();
  const results = await Promise.all([solver.solve(edge(a)), solver.solve(edge(b))]);
  assert.deepEqual(results.map((r) => r.value).sort(), ['a(base)', 'b(base)']);
  assert.deepEqual(world.runs.sort(), ['a', 'b', 'base']);
});

test('a second build finds the result by definition and brings no input about', async () => {
  const world = new World();
  const top = world.vertex('top', [world.vertex('base')]);
  await world.build(top);
  world.runs.length = 0;
  const events = await world.build(top);
  assert.deepEqual(world.runs, []);
  assert.deepEqual(kinds(events), ['top vertex-known', 'base vertex-known', 'top vertex-cached']);
  assert.deepEqual(world.loads, ['top(base)']);
});

test('an input that changed without changing the content that matters gives a hit', async () => {
  const world = new World();
  const copy = (source: Vertex) => world.vertex('copy', [source], { content: (input) => digestOf(input.slice(0, 3)) });
  await world.build(copy(world.vertex('src1', [], { session: true })));
  world.runs.length = 0;
  const events = await world.build(copy(world.vertex('src2', [], { session: true })));
  assert.deepEqual(world.runs, ['src2']);
  assert.ok(kinds(events).includes('copy vertex-cached'));
});

test('what is found by content is found by definition the next time', async () => {
  const world = new World();
  const copy = (source: Vertex) => world.vertex('copy', [source], { content: (input) => digestOf(input.slice(0, 3)) });
  await world.build(copy(world.vertex('src1')));
  await world.build(copy(world.vertex('src2')));
  world.runs.length = 0;
  world.loads.length = 0;
  await world.build(copy(world.vertex('src2')));
  assert.deepEqual([world.runs, world.loads], [[], ['copy(src1)']]);
});

test('a step after one that is found by content is found without running either', async () => {
  const world = new World();
  const after = (source: Vertex) =>
    world.vertex('run', [world.vertex('copy', [source], { content: () => digestOf('same') })]);
  await world.build(after(world.vertex('src1', [], { session: true })));
  world.runs.length = 0;
  await world.build(after(world.vertex('src2', [], { session: true })));
  assert.deepEqual(world.runs, ['src2']);
});

test('a re-run that gives the same content lets what copies from it stay cached', async () => {
  const world = new World();
  const graph = (name: string) =>
    world.vertex('copy', [world.vertex(name, [world.vertex('base')], { value: 'same' })], {
      content: (i) => digestOf(i),
    });
  await world.build(graph('step1'));
  world.runs.length = 0;
  await world.build(graph('step2'));
  assert.deepEqual(world.runs, ['step2']);
});

test('two vertices that turn out equal by content run once', async () => {
  const world = new World();
  const stage = (name: string) =>
    world.vertex('copy', [world.vertex(name, [], { value: 'same', session: true })], {
      content: (i) => digestOf(i),
      salt: name,
    });
  const [a, b] = [stage('a'), stage('b')];
  assert.notEqual(a.digest, b.digest);
  await using solver = world.solver();
  await Promise.all([solver.solve(edge(a)), solver.solve(edge(b))]);
  assert.deepEqual(
    world.runs.filter((name) => name === 'copy'),
    ['copy'],
  );
});

test('a forced vertex runs again, and so does what depends on it', async () => {
  const world = new World();
  const graph = (ignoreCache: boolean) =>
    world.vertex('after', [world.vertex('step', [world.vertex('base')], { ignoreCache })]);
  await world.build(graph(false));
  world.runs.length = 0;
  await world.build(graph(true));
  assert.deepEqual(world.runs.sort(), ['after', 'step']);
  world.runs.length = 0;
  await world.build(graph(false));
  assert.deepEqual(world.runs, []);
});

test('a result that is gone is made again', async () => {
  const world = new World();
  const top = world.vertex('top', [world.vertex('base')]);
  await world.build(top);
  world.results.clear();
  world.runs.length = 0;
  await world.build(top);
  assert.deepEqual(world.runs.sort(), ['base', 'top']);
});

test('one of several outputs can be had from the cache', async () => {
  const world = new World();
  const two = world.vertex('two', [world.vertex('base')], { outputs: 2 });
  await world.build(two, 1);
  world.runs.length = 0;
  await world.build(two, 1);
  await world.build(two, 0);
  assert.deepEqual(world.runs, []);
});

test('the records of a cached build are those of the first one, and nothing is brought about for them', async () => {
  const world = new World();
  const top = world.vertex('copy', [world.vertex('step', [world.vertex('base')])], { content: (i) => digestOf(i) });
  const told = async () => {
    await using solver = world.solver();
    await solver.solve(edge(top));
    await solver.settle();
    const records = await solver.records([edge(top)]);
    return records.map(({ edges, ...record }) => ({ ...record, of: edges.map(({ vertex }) => vertex.name) }));
  };
  const first = await told();
  assert.deepEqual(first.map(({ of }) => of.join()).sort(), ['', 'base', 'copy', 'step']);
  world.runs.length = 0;
  world.loads.length = 0;
  assert.deepEqual(await told(), first);
  assert.deepEqual([world.runs, world.loads], [[], ['copy(step(base))']]);
});

test('a result that is kept is known without running anything', async () => {
  const world = new World();
  const step = world.vertex('step', [world.vertex('base')]);
  const top = world.vertex('top', [step]);
  await world.build(top);
  world.results.delete([...world.results].find(([, value]) => value === 'base')![0]);
  world.runs.length = 0;
  await using solver = world.solver();
  await solver.solve(edge(top));
  assert.equal((await solver.known(edge(step)))?.result.value, 'step(base)');
  assert.equal(await solver.known(edge(step.inputs[0]!.vertex)), undefined);
  assert.deepEqual(world.runs, []);
});

test('a failure names the vertex it happened in, and stops only what depends on it', async () => {
  const world = new World();
  const bad = world.vertex('bad', [], { fails: true });
  const [child, other] = [world.vertex('child', [bad]), world.vertex('other')];
  await using solver = world.solver();
  const [failed, fine] = await Promise.allSettled([solver.solve(edge(child)), solver.solve(edge(other))]);
  assert.equal(failed.status, 'rejected');
  assert.equal(failedOf((failed as PromiseRejectedResult).reason, 'vertex')?.failure.message, 'bad went wrong');
  assert.equal(fine.status, 'fulfilled');
  assert.deepEqual(
    kinds(world.events).filter((kind) => kind.includes('failed')),
    ['bad vertex-failed'],
  );
});

test('aborting gives the reason untouched', async () => {
  const world = new World();
  const controller = new AbortController();
  const reason = new Error('stop');
  const waits = world.vertex('waits', [], {
    run: () =>
      new Promise((_, reject) => {
        controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
        controller.abort(reason);
      }),
  });
  await using solver = world.solver(controller.signal);
  await assert.rejects(solver.solve(edge(waits)), (error) => error === reason);
});

test('stages that a chain of copies meets run at the same time', async () => {
  const world = new World();
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  const stage = (name: string) =>
    world.vertex(name, [], {
      run: async () => {
        if (++waiting === 4) all.resolve();
        await all.promise;
      },
    });
  let top = world.vertex('base');
  for (const name of ['a', 'b', 'c', 'd']) {
    const copied = stage(name);
    top = world.vertex(`copy ${name}`, [top, copied], { contents: [undefined, (input) => digestOf(input)] });
  }
  await world.build(top);
  assert.equal(waiting, 4);
});

test('what a build would do is told without doing it', async () => {
  const world = new World();
  const source = (salt: string) => world.vertex(`source ${salt}`, [], { session: true, looks: true });
  const graph = (salt: string) => {
    const copy = world.vertex('copy', [world.vertex('base'), source(salt)], {
      contents: [undefined, () => digestOf(salt)],
    });
    const made = world.vertex('make', [copy]);
    return { copy, made, taken: world.vertex('take', [made], { content: (input) => digestOf(input) }) };
  };
  const outlooks = async ({ copy, made, taken }: ReturnType<typeof graph>) => {
    await using solver = world.solver();
    return Promise.all([copy, made, taken].map(async (vertex) => (await solver.foresee(edge(vertex))).outlook));
  };
  assert.deepEqual(await outlooks(graph('1')), ['run', 'run', 'open']);
  await world.build(graph('1').taken);
  world.runs.length = 0;
  assert.deepEqual(await outlooks(graph('1')), ['hit', 'hit', 'hit']);
  // What the source holds is another thing now: nobody knows what comes out.
  assert.deepEqual(await outlooks(graph('2')), ['run', 'run', 'open']);
  assert.deepEqual(
    world.runs.filter((name) => !name.startsWith('source')),
    [],
  );
});

test('what is asked by content is open only as long as anything could follow', async () => {
  const world = new World();
  const graph = (salt: string) => {
    const made = world.vertex('make', [world.vertex('source', [], { value: salt, salt })]);
    return world.vertex('join', [world.vertex('base'), made], { contents: [undefined, (input) => digestOf(input)] });
  };
  const outlookOf = async (vertex: Vertex) => {
    await using solver = world.solver();
    const { outlook, fresh = false } = await solver.foresee(edge(vertex));
    return [outlook, fresh];
  };
  const after = (vertex: Vertex) => world.vertex('after', [vertex]);
  assert.deepEqual(await outlookOf(graph('1')), ['open', true], 'nothing follows from the base');
  assert.deepEqual(await outlookOf(after(graph('1'))), ['open', true], 'and nothing from that');
  await world.build(graph('1'));
  assert.deepEqual(await outlookOf(graph('1')), ['hit', false]);
  const changed = world.vertex('make', [world.vertex('another source')]);
  const join = { contents: [undefined, (input: string) => digestOf(input)] };
  const again = world.vertex('join', [world.vertex('base'), changed], join);
  assert.deepEqual(await outlookOf(again), ['open', false]);
  assert.deepEqual(await outlookOf(after(again)), ['open', false]);
});

test('of what is kept only what is asked for is looked up, and no content is where definitions lead', async () => {
  const world = new World();
  const source = () => world.vertex('source', [], { session: true, looks: true });
  const copy = () => world.vertex('copy', [source()], { content: () => digestOf('same') });
  const taken = () => world.vertex('take', [world.vertex('make', [copy()])], { content: (input) => digestOf(input) });
  await world.build(taken());
  world.loads.length = 0;
  world.asked.length = 0;
  await using solver = world.solver();
  assert.equal((await solver.foresee(edge(taken()))).outlook, 'hit');
  assert.deepEqual([world.loads, world.asked.length], [[], 1]);
});

test('steps that do the same work are known by the key that both will have', async () => {
  const world = new World();
  const folder = (name: string) => world.vertex(name, [], { session: true, looks: true });
  const copy = (name: string) => world.vertex('copy', [folder(name)], { content: () => digestOf('same') });
  const [one, other] = [copy('one'), copy('other')];
  await using solver = world.solver();
  const [a, b] = [await solver.foresee(edge(one)), await solver.foresee(edge(other))];
  assert.notEqual(one.digest, other.digest);
  assert.deepEqual([a.outlook, b.outlook], ['run', 'run']);
  assert.ok(a.keys.length === 1 && a.keys[0] === b.keys[0]);
});

test('a chain of ten thousand vertices is no matter', async () => {
  const world = new World();
  let top = world.vertex('0');
  for (let i = 1; i < 10_000; i++) top = world.vertex(String(i), [top], { value: String(i) });
  await world.build(top);
  assert.equal(world.runs.length, 10_000);
});

interface Behaviour {
  content?: (input: string) => Digest;
  contents?: readonly (((input: string) => Digest) | undefined)[];
  session?: boolean;
  looks?: boolean;
  ignoreCache?: boolean;
  value?: string;
  salt?: string;
  outputs?: number;
  fails?: boolean;
  run?: () => Promise<void>;
}

const edge = (vertex: Vertex, index = 0): Edge => ({ vertex, index });

/** Vertices whose result is text, and a cache that outlives a build. */
class World {
  readonly runs: string[] = [];
  readonly loads: string[] = [];
  /** Keys of which somebody asked what is kept. */
  readonly asked: KeyId[] = [];
  readonly events: Event[] = [];
  readonly links = new Map<string, Set<KeyId>>();
  readonly ways = new Map<KeyId, KeyQuestion[]>();
  readonly results = new Map<KeyId, string>();
  readonly #behaviours = new Map<Digest, Behaviour>();
  readonly #claims = new Map<KeyId, Semaphore>();

  vertex(name: string, inputs: readonly Vertex[] = [], behaviour: Behaviour = {}): Vertex {
    const digest = digestOf([name, behaviour.salt, ...inputs.map((input) => input.digest)].join('|'));
    this.#behaviours.set(digest, behaviour);
    return { digest, name, inputs: inputs.map((vertex) => edge(vertex)), ignoreCache: behaviour.ignoreCache ?? false };
  }

  solver(signal = new AbortController().signal): Solver<Text, { signal: AbortSignal; report(event: Event): void }> {
    const job = { signal, report: (event: Event): void => void this.events.push(event) };
    return new Solver<Text, typeof job>(job, { store: this.store(), operator: (vertex) => this.#operator(vertex) });
  }

  async build(vertex: Vertex, output = 0): Promise<readonly Event[]> {
    const before = this.events.length;
    await using solver = this.solver();
    await solver.solve(edge(vertex, output));
    await solver.settle();
    return this.events.slice(before);
  }

  store(): CacheStore<Text> {
    const ways = ({ digest, output, deps }: PartialQuestion) =>
      deps.flatMap((dep, i) =>
        dep ? [dep.keys.map((key) => `${key.id}|${i}|${digest}|${output}|${key.selector ?? ''}`)] : [],
      );
    const link = async (key: KeyId, question: KeyQuestion) => {
      this.ways.set(key, [...(this.ways.get(key) ?? []), question]);
      for (const way of ways(question).flat()) this.links.set(way, (this.links.get(way) ?? new Set()).add(key));
    };
    return {
      link,
      query: async (question) => {
        const sets = ways(question).map((each) => new Set(each.flatMap((way) => [...(this.links.get(way) ?? [])])));
        return [...(sets[0] ?? [])].filter((key) => sets.every((set) => set.has(key)));
      },
      load: async (keys) => {
        const value = keys.map((key) => this.results.get(key)).find((text) => text !== undefined);
        if (value !== undefined) this.loads.push(value);
        return value === undefined ? undefined : new Text(value);
      },
      save: async (key, question, result) => {
        await link(key, question);
        this.results.set(key, result.value);
      },
      kept: async (key) => {
        this.asked.push(key);
        return { ways: this.ways.get(key) ?? [], ...(this.results.has(key) && { createdAt: 1 }) };
      },
      claim: async (key, options) => {
        const place = this.#claims.get(key) ?? new Semaphore(1);
        this.#claims.set(key, place);
        const permit = await place.acquire(options);
        return { [Symbol.asyncDispose]: async () => permit[Symbol.dispose]() };
      },
    };
  }

  #operator({ digest, name, inputs }: Vertex): Operator<Text, unknown> {
    const { content, contents, session, looks = false, value, outputs = 1, fails, run } = this.#behaviours.get(digest)!;
    const depOf = (hash = content) => (hash ? { content: async (input: Text) => hash(input.value) } : {});
    const map: CacheMap<Text, unknown> = {
      digest: digestOf(name),
      deps: inputs.map((_, i) => (contents && !contents[i] ? {} : depOf(contents?.[i]))),
      ...(session && { session }),
    };
    return {
      looks,
      cacheMaps: async () => [map],
      run: async (given) => {
        this.runs.push(name);
        if (run) await run();
        if (fails) throw new Failed({ kind: 'test', message: `${name} went wrong` });
        const text = value ?? (given.length ? `${name}(${given.map((each) => each.value).join()})` : name);
        return Array.from({ length: outputs }, (_, i) => new Text(i ? `${text}#${i}` : text));
      },
    };
  }
}

class Text implements AsyncDisposable {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
  clone(): Text {
    return this;
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

const names = new Map<Digest, string>();
function kinds(events: readonly Event[]): string[] {
  for (const event of events) if (event.kind === 'vertex-known') names.set(event.vertex, event.name);
  return events.flatMap((event) =>
    'vertex' in event && event.vertex ? [`${names.get(event.vertex)} ${event.kind}`] : [],
  );
}
