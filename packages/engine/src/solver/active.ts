import { randomUUID } from 'node:crypto';
import type { Work } from '../progress/work.ts';
import { contentOutput, derivedKey, rootKey, type KeyedDep, type KeyId } from './cache-key.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { KeyedEdge } from './records.ts';
import type { CacheStore, KeyQuestion } from './cache-store.ts';
import type { CacheMap, Edge, Held, Operator, Outlook, Vertex } from './vertex.ts';

/** What an awaited vertex needs of the solver. */
export interface Surroundings<R extends Held<R>, J extends Work> {
  readonly store: CacheStore<R>;
  readonly job: J;
  active(edge: Edge): Active<R, J>;
  /** Waits for a place to run in. */
  admit(vertex: Vertex): Promise<Disposable>;
  /** Work that goes on behind the results, and is waited for at the end. */
  keep(work: Promise<void>): void;
  /** Puts a failure into the words of this vertex, and tells whoever must know. */
  failed(vertex: Vertex, error: unknown): unknown;
}

/**
 * One vertex that somebody awaits. Every question is asked once and its promise kept, in the order in which answers
 * get dearer:
 *
 *   fast keys   by definition; nothing is fetched or run
 *   slow keys   by content; inputs whose content matters are brought about
 *   results     loaded where a key is known, else run, once for all outputs
 */
export class Active<R extends Held<R>, J extends Work> {
  readonly vertex: Vertex;
  readonly #operator: Operator<R, J>;
  readonly #around: Surroundings<R, J>;
  readonly #fast = new Map<number, Promise<readonly KeyId[]>>();
  readonly #slow = new Map<number, Promise<readonly KeyId[]>>();
  readonly #results = new Map<number, Promise<R>>();
  /** Results that were looked for without running anything. */
  readonly #known = new Map<number, Promise<R | undefined>>();
  readonly #foreseen = new Map<number, Promise<Foreseen>>();
  readonly #contents = new Map<number, Promise<Digest | undefined>>();
  /** Keys that saving made, by output; they come before what queries found. */
  readonly #saved = new Map<number, readonly KeyId[]>();
  #maps?: Promise<readonly CacheMap<R, J>[]>;
  #run?: Promise<readonly R[]>;
  #state: 'known' | 'started' | 'done' = 'known';

  constructor(vertex: Vertex, operator: Operator<R, J>, around: Surroundings<R, J>) {
    this.vertex = vertex;
    this.#operator = operator;
    this.#around = around;
  }

  /** Its cache maps: what the vertex is keyed by. */
  maps(): Promise<readonly CacheMap<R, J>[]> {
    return (this.#maps ??= this.#attempt(() => this.#operator.cacheMaps(this.#around.job)));
  }

  /** Keys of an output that are known by definition alone. */
  fastKeys(output: number): Promise<readonly KeyId[]> {
    return memo(this.#fast, output, async () => {
      await undefined; // a chain of ten thousand vertices must not recurse on the stack
      if (this.vertex.inputs.length === 0) return this.#rootKeys(output);
      if (this.vertex.ignoreCache) return [];
      return this.#query(output, await this.#depKeys('fast', output));
    });
  }

  /** Keys of an output once the content of its inputs was looked at, where that matters. */
  slowKeys(output: number): Promise<readonly KeyId[]> {
    return memo(this.#slow, output, async () => {
      const fast = await this.fastKeys(output);
      if (fast.length > 0 || this.vertex.inputs.length === 0 || this.vertex.ignoreCache) return fast;
      const byDefinition = await this.#depKeys('slow', output);
      const found = await this.#query(output, byDefinition);
      const [map] = await this.maps();
      if (found.length > 0 || !map!.deps.some((dep) => dep.content)) return found;
      const byContent = await this.#depKeys('content', output);
      const matched = await this.#query(output, byContent);
      if (matched.length > 0) await this.#around.store.link(matched[0]!, this.#question(map!, output, byContent));
      return matched;
    });
  }

  /** Keys of an output, as good as they are known: after a run, those that the result is kept under. */
  async settledKeys(output: number): Promise<readonly KeyId[]> {
    const saved = this.#saved.get(output);
    if (!saved) return this.slowKeys(output);
    // What was saved tells more than what a cache elsewhere knows, and comes last.
    const found = this.vertex.ignoreCache ? [] : await this.slowKeys(output);
    return [...found.filter((key) => !saved.includes(key)), ...saved];
  }

  /** The result of an output. It stays the solver's; whoever keeps it clones it. */
  result(output: number): Promise<R> {
    return memo(this.#results, output, async () => {
      await undefined;
      const cached = await this.#cached(output);
      if (cached) return cached;
      const results = await (this.#run ??= this.#attempt(() => this.#execute()));
      const result = results[output];
      if (result === undefined) throw new Error(`${this.vertex.name} has no output ${output}`);
      return result;
    });
  }

  /**
   * What an output is keyed by, content included: what a cache export tells of it. `bringAbout` makes the inputs whose
   * content matters; without it content counts as far as it is known or remembered.
   */
  async keyed(output: number, { bringAbout }: { readonly bringAbout: boolean }): Promise<KeyedEdge> {
    const maps = await this.maps();
    const deps = maps[0]?.deps ?? [];
    const contents = await Promise.all(
      deps.map(async ({ content }, i) => {
        if (!content) return [];
        const digest = bringAbout ? await this.#content(i) : await this.#contents.get(i);
        return digest ? [rootKey(digest, contentOutput)] : this.#rememberedContents(i, output);
      }),
    );
    return {
      digests: maps.filter((map) => !map.session).map(({ digest }) => digest),
      deps: deps.map(({ selector }, i) => ({ ...(selector && { selector }), contents: contents[i]! })),
    };
  }

  /** The result of an output if it is here or kept, and when it was made; nothing runs for it. */
  async known(output: number): Promise<{ readonly result: R; readonly createdAt: number } | undefined> {
    const keys = await this.#knownKeys(output);
    const result = await memo(this.#known, output, async () => {
      const [brought] = await Promise.allSettled([this.#results.get(output)]);
      // Somebody else is told of a failure.
      if (brought.status === 'fulfilled' && brought.value) return brought.value.clone();
      return this.#around.store.load(keys);
    });
    const kept = await Promise.all(keys.map((key) => this.#around.store.kept(key)));
    const times = kept.flatMap(({ createdAt }) => createdAt ?? []);
    return result && times.length > 0 ? { result, createdAt: Math.max(...times) } : undefined;
  }

  /** What asking for an output's result would do. Content counts as far as it is here; nothing runs for it. */
  foreseen(output: number): Promise<Foreseen> {
    return memo(this.#foreseen, output, async () => {
      await undefined;
      if (this.#operator.looks) return { outlook: 'look', keys: await this.fastKeys(output) };
      if (this.vertex.ignoreCache) return { outlook: 'run', keys: [] };
      const fast = await this.fastKeys(output);
      if (fast.length > 0 || this.vertex.inputs.length === 0) return this.#outlookOf(fast);
      const [map] = await this.maps();
      const deps = await Promise.all(
        this.vertex.inputs.map(async (edge, i) => {
          const before = await this.#around.active(edge).foreseen(edge.index);
          const { selector, content } = map!.deps[i] ?? {};
          const byDefinition = before.keys.map((id) => ({ id, ...(selector && { selector }) }));
          const digest = content && (await this.#contentHere(edge, before, content));
          const keys = [...byDefinition, ...(digest ? [{ id: rootKey(digest, contentOutput) }] : [])];
          const open = before.outlook === 'open' || (before.outlook === 'run' && content !== undefined);
          return { keys, open: open && !digest };
        }),
      );
      const keys = await this.#query(output, deps);
      if (keys.length === 0 && deps.some(({ open }) => open)) return { outlook: 'open', keys };
      return this.#outlookOf(keys);
    });
  }

  async #outlookOf(keys: readonly KeyId[]): Promise<Foreseen> {
    const kept = await Promise.all(keys.map((key) => this.#around.store.kept(key)));
    return { outlook: kept.some(({ createdAt }) => createdAt !== undefined) ? 'hit' : 'run', keys };
  }

  /** Digest of what matters of an input's content, if that is here. */
  async #contentHere(
    edge: Edge,
    { outlook, keys }: Foreseen,
    content: NonNullable<CacheMap<R, J>['deps'][number]['content']>,
  ): Promise<Digest | undefined> {
    if (outlook === 'look') return content(await this.#around.active(edge).result(edge.index), this.#around.job);
    if (outlook !== 'hit') return undefined;
    await using kept = await this.#around.store.load(keys);
    return kept && content(kept, this.#around.job);
  }

  async release(): Promise<void> {
    const settled = await Promise.allSettled([
      ...this.#results.values(),
      ...(this.#run ? [this.#run] : []),
      ...this.#known.values(),
    ]);
    const held = new Set(settled.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : [])));
    await Promise.all([...held].map((result) => result[Symbol.asyncDispose]()));
  }

  /** Keys of an output that are known by now. */
  async #knownKeys(output: number): Promise<readonly KeyId[]> {
    if (this.#saved.has(output)) return this.settledKeys(output);
    return this.#slow.get(output) ?? this.fastKeys(output);
  }

  /** Keys of an input's content that led here in other builds. */
  async #rememberedContents(i: number, output: number): Promise<readonly Digest[]> {
    const { vertex, index } = this.vertex.inputs[i]!;
    const byDefinition = await this.#around.active({ vertex, index }).#knownKeys(index);
    const kept = await Promise.all((await this.#knownKeys(output)).map((key) => this.#around.store.kept(key)));
    const contents = kept.flatMap(({ ways }) =>
      ways.flatMap(({ deps }) =>
        (deps[i]?.keys ?? []).flatMap(({ id, selector }) => (selector || byDefinition.includes(id) ? [] : id)),
      ),
    );
    return [...new Set(contents)].filter(isDigest).sort();
  }

  async #rootKeys(output: number): Promise<readonly KeyId[]> {
    return (await this.maps()).filter((map) => !map.session).map((map) => rootKey(map.digest, output));
  }

  /** The keys of all inputs: `fast` and `slow` by definition, `content` also by what is in them. */
  async #depKeys(depth: 'fast' | 'slow' | 'content', output: number): Promise<readonly KeyedDep[]> {
    const [map] = await this.maps();
    const { inputs } = this.vertex;
    return Promise.all(
      inputs.map(async (edge, i): Promise<KeyedDep> => {
        const input = this.#around.active(edge);
        const { selector, content } = map!.deps[i] ?? {};
        if (depth === 'content') {
          const digest = content && (await this.#content(i));
          const ids = await input.settledKeys(edge.index);
          const byDefinition = ids.map((id) => ({ id, ...(selector && { selector }) }));
          return { keys: [...byDefinition, ...(digest ? [{ id: rootKey(digest, contentOutput) }] : [])] };
        }
        const ids = await (depth === 'fast' ? input.fastKeys(edge.index) : input.slowKeys(edge.index));
        const dep = { keys: ids.map((id) => ({ id, ...(selector && { selector }) })) };
        if (depth === 'slow' && !(await this.#leadsOn(i, dep, output))) this.#bringAbout(i, content !== undefined);
        return dep;
      }),
    );
  }

  /** Whether an input's keys by themselves lead to any key of this vertex. */
  async #leadsOn(i: number, dep: KeyedDep, output: number): Promise<boolean> {
    if (dep.keys.length === 0) return false;
    const [map] = await this.maps();
    const deps = this.vertex.inputs.map((_, other) => (other === i ? dep : undefined));
    return (await this.#around.store.query({ digest: map!.digest, output, deps })).length > 0;
  }

  /**
   * Starts what will be needed anyway, so that inputs don't wait for one another: an input whose keys lead to nothing
   * known has to be there, be it for its content; and where its content can't help, this vertex has to run and needs them all.
   */
  #bringAbout(i: number, byContent: boolean): void {
    const { inputs } = this.vertex;
    for (const { vertex, index } of byContent ? [inputs[i]!] : inputs) {
      void this.#around.active({ vertex, index }).result(index); // kept by its vertex; whoever needs it awaits it
    }
  }

  /** Digest of what matters of an input's content; undefined where only its definition counts. */
  #content(i: number): Promise<Digest | undefined> {
    return memo(this.#contents, i, async () => {
      const [map] = await this.maps();
      const edge = this.vertex.inputs[i]!;
      const content = map!.deps[i]?.content;
      if (!content) return undefined;
      const input = await this.#around.active(edge).result(edge.index);
      return this.#attempt(() => content(input, this.#around.job));
    });
  }

  async #query(output: number, deps: readonly KeyedDep[]): Promise<readonly KeyId[]> {
    if (deps.some(({ keys }) => keys.length === 0)) return [];
    const [map] = await this.maps();
    return this.#around.store.query(this.#question(map!, output, deps));
  }

  #question(map: CacheMap<R, J>, output: number, deps: readonly KeyedDep[]): KeyQuestion {
    return { digest: map.digest, output, deps };
  }

  async #cached(output: number): Promise<R | undefined> {
    if (this.vertex.ignoreCache) return undefined;
    const keys = await this.slowKeys(output);
    if (keys.length === 0) return undefined;
    const result = await this.#around.store.load(keys);
    if (result) this.#tell('vertex-cached');
    return result;
  }

  /** Runs it, unless somebody else just did the same work. */
  async #execute(): Promise<readonly R[]> {
    const { job, store } = this.#around;
    const { inputs, ignoreCache } = this.vertex;
    const maps = await this.maps();
    const results = await Promise.all(inputs.map((edge) => this.#around.active(edge).result(edge.index)));
    const deps = inputs.length ? await this.#depKeys('content', 0) : [];
    // A vertex over a session's own folder that is not keyed by content can't be found again: nothing to claim or keep.
    const keyed = maps.some((map) => !map.session) && deps.every(({ keys }) => keys.length > 0);
    const primary = maps.findLast((map) => !map.session) ?? maps[0]!;
    await using stack = new AsyncDisposableStack();
    if (keyed) stack.use(await store.claim(derivedKey(primary.digest, 0, deps), { signal: job.signal }));
    if (keyed && !ignoreCache) {
      const found = await this.#probe(primary, deps);
      if (found) return found;
    }
    const outputs = await this.#runAdmitted(results);
    if (keyed) {
      // Nobody here waits for the disk: the claim goes to others once they can see what was saved.
      const claim = stack.move();
      this.#around.keep(this.#save(maps, deps, outputs).finally(() => claim.disposeAsync()));
    }
    this.#tell('vertex-completed');
    return outputs;
  }

  async #runAdmitted(inputs: readonly R[]): Promise<readonly R[]> {
    using _place = await this.#around.admit(this.vertex);
    this.#around.job.signal.throwIfAborted();
    this.#tell('vertex-started');
    return this.#operator.run(inputs, this.#around.job);
  }

  /** Results that another build made while this one waited for its claim. */
  async #probe(map: CacheMap<R, J>, deps: readonly KeyedDep[]): Promise<readonly R[] | undefined> {
    const keys = deps.length ? await this.#query(0, deps) : await this.#rootKeys(0);
    if (keys.length === 0) return undefined;
    const first = await this.#around.store.load(keys);
    if (!first) return undefined;
    this.#saved.set(0, keys);
    const outputs = [first];
    for (let output = 1; ; output++) {
      const more = deps.length ? await this.#around.store.query(this.#question(map, output, deps)) : [];
      const next = more.length ? await this.#around.store.load(more) : undefined;
      if (!next) break;
      this.#saved.set(output, more);
      outputs.push(next);
    }
    this.#tell('vertex-cached');
    return outputs;
  }

  /** Keys are settled at once; the promise is for their being kept. */
  async #save(maps: readonly CacheMap<R, J>[], deps: readonly KeyedDep[], outputs: readonly R[]): Promise<void> {
    // Forced work gets a key of its own, so that what depends on it is not answered by what depended on the old.
    const fresh = this.vertex.ignoreCache && deps.length > 0;
    const saves = outputs.flatMap((result, output) => {
      const keyed = maps
        .filter((map) => !map.session)
        .map((map) => ({ map, key: fresh ? `k:${randomUUID()}` : derivedKey(map.digest, output, deps) }));
      this.#saved.set(
        output,
        keyed.map(({ key }) => key),
      );
      return keyed.map(({ map, key }) => this.#around.store.save(key, this.#question(map, output, deps), result));
    });
    await Promise.all(saves);
  }

  /** Runs a part of the vertex's own work; its failure is told as the vertex's. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#around.job.signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Tells a failure of the vertex's own; an input's is told where it happened, a cancellation as one. */
  #fail(error: unknown): unknown {
    const failure = this.#around.failed(this.vertex, error);
    const about = { vertex: this.vertex.digest, at: Date.now() };
    if (failure !== error) {
      const message = failure instanceof Error ? failure.message : String(failure);
      this.#around.job.report({ kind: 'vertex-failed', ...about, message });
    } else if (this.#state === 'started' && this.#around.job.signal.aborted) {
      this.#around.job.report({ kind: 'vertex-cancelled', ...about });
    }
    this.#state = 'done';
    return failure;
  }

  #tell(kind: 'vertex-started' | 'vertex-cached' | 'vertex-completed'): void {
    if (this.#state === 'done') return;
    this.#state = kind === 'vertex-started' ? 'started' : 'done';
    this.#around.job.report({ kind, vertex: this.vertex.digest, at: Date.now() });
  }
}

interface Foreseen {
  readonly outlook: Outlook;
  /** Those of the output that are known. */
  readonly keys: readonly KeyId[];
}

/** One promise a key, however many ask. Its failure is everybody's who awaits it. */
function memo<K, T>(promises: Map<K, Promise<T>>, key: K, start: () => Promise<T>): Promise<T> {
  let promise = promises.get(key);
  if (!promise) {
    promise = start();
    promise.catch(() => undefined); // nobody may be waiting yet; whoever awaits gets it
    promises.set(key, promise);
  }
  return promise;
}
