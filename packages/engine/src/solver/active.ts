import { randomUUID } from 'node:crypto';
import type { Usage } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import { derivedKey, type KeyedDep } from './cache-key.ts';
import type { CacheStore } from './cache-store.ts';
import { Foresight } from './foresight.ts';
import { Keys } from './keys.ts';
import { memo } from './memo.ts';
import type { CacheMap, Edge, Held, Operator, Place, Vertex } from './vertex.ts';

/** What an awaited vertex needs of the solver. */
export interface Surroundings<R extends Held<R>, J extends Work> {
  readonly store: CacheStore<R>;
  readonly job: J;
  active(edge: Edge): Active<R, J>;
  /** Waits for a place to run in. */
  admit(vertex: Vertex): Promise<Place>;
  /** Work that goes on behind the results, and is waited for at the end. */
  keep(work: Promise<void>): void;
  /** The same for work that no later build needs: it is only waited for when the job is closed. */
  trail(work: Promise<void>): void;
  /** Puts a failure into the words of this vertex, and tells whoever must know. */
  failed(vertex: Vertex, error: unknown): unknown;
}

/** What is told of a vertex beside its state. */
type Facts = Usage & { readonly waited?: number; readonly from?: 'local' | 'remote' };

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
  readonly keys: Keys<R, J>;
  readonly foresight: Foresight<R, J>;
  readonly #operator: Operator<R, J>;
  readonly #around: Surroundings<R, J>;
  readonly #results = new Map<number, Promise<R>>();
  /** Results that were looked for without running anything. */
  readonly #known = new Map<number, Promise<R | undefined>>();
  #run?: Promise<readonly R[]>;
  #usage: Usage = {};
  #state: 'known' | 'started' | 'done' = 'known';

  constructor(vertex: Vertex, operator: Operator<R, J>, around: Surroundings<R, J>) {
    this.vertex = vertex;
    this.#operator = operator;
    this.#around = around;
    this.keys = new Keys(vertex, operator, around, (work) => this.#attempt(work));
    this.foresight = new Foresight(vertex, operator, around, this.keys);
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

  /** The result of an output if it is here or kept, and when it was made; nothing runs for it. */
  async known(output: number): Promise<{ readonly result: R; readonly createdAt: number } | undefined> {
    const keys = await this.keys.soFar(output);
    const result = await memo(this.#known, output, async () => {
      // Somebody else is told of a failure.
      const brought = await this.brought(output);
      if (brought) return brought.clone();
      return this.#around.store.load(keys);
    });
    const kept = await Promise.all(keys.map((key) => this.#around.store.kept(key)));
    const times = kept.flatMap(({ createdAt }) => createdAt ?? []);
    return result && times.length > 0 ? { result, createdAt: Math.max(...times) } : undefined;
  }

  /** The result of an output, if somebody brought it about; it stays the solver's. */
  async brought(output: number): Promise<R | undefined> {
    const [result] = await Promise.allSettled([this.#results.get(output)]);
    return result.status === 'fulfilled' ? result.value : undefined;
  }

  /** Inputs that are brought about by looking at what is there. */
  get lookedAt(): readonly number[] {
    return this.vertex.inputs.flatMap((edge, input) => (this.#around.active(edge).looks ? [input] : []));
  }

  get looks(): boolean {
    return this.#operator.looks ?? false;
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

  async #cached(output: number): Promise<R | undefined> {
    if (this.vertex.ignoreCache) return undefined;
    const keys = await this.keys.slow(output);
    if (keys.length === 0) return undefined;
    let from: 'local' | 'remote' = 'local';
    const result = await this.#around.store.load(keys, { fetched: () => (from = 'remote') });
    if (result) this.#tell('vertex-cached', { from });
    return result;
  }

  /** Runs it, unless somebody else just did the same work. */
  async #execute(): Promise<readonly R[]> {
    const { job, store } = this.#around;
    const { inputs, ignoreCache } = this.vertex;
    const maps = await this.keys.maps();
    const results = await Promise.all(inputs.map((edge) => this.#around.active(edge).result(edge.index)));
    const deps = inputs.length ? await this.keys.deps('content', 0) : [];
    // A vertex over a session's own folder that is not keyed by content can't be found again: nothing to claim or keep.
    const keyed = maps.some((map) => !map.session) && deps.every(({ keys }) => keys.length > 0);
    const primary = maps.findLast((map) => !map.session) ?? maps[0]!;
    await using stack = new AsyncDisposableStack();
    const claims = stack.use(new AsyncDisposableStack());
    // First the place, then the claim: what only stands in line here may be done by another process meanwhile.
    let place = await this.#around.admit(this.vertex);
    stack.defer(() => place[Symbol.dispose]());
    if (keyed) {
      let left = false;
      const waiting = () => {
        left = true;
        place[Symbol.dispose]();
        job.report({ kind: 'vertex-waiting', vertex: this.vertex.digest, at: Date.now() });
      };
      const claim = derivedKey(primary.digest, 0, deps);
      claims.use(await store.claim(claim, { signal: place.signal, waiting }));
      const found = ignoreCache ? undefined : await this.#probe(primary, deps);
      if (found) return found;
      if (left) place = await this.#around.admit(this.vertex);
    }
    place.signal.throwIfAborted();
    this.#tell('vertex-started', { waited: Math.round(place.waited) });
    const used = (usage: Usage) => void (this.#usage = usage);
    const made = (bytes: number | Promise<number>) => this.#measured(bytes);
    const outputs = await this.#operator.run(results, { ...job, signal: place.signal }, { used, made });
    if (keyed) {
      // Nobody here waits for the disk: the claim goes to others once they can see what was saved.
      const claim = claims.move();
      this.#around.keep(this.#save(maps, deps, outputs).finally(() => claim.disposeAsync()));
    }
    this.#tell('vertex-completed', this.#usage);
    return outputs;
  }

  /** Results that another build made while this one waited for its claim. */
  async #probe(map: CacheMap<R, J>, deps: readonly KeyedDep[]): Promise<readonly R[] | undefined> {
    const keys = deps.length ? await this.keys.query(0, deps) : await this.keys.root(0);
    if (keys.length === 0) return undefined;
    const first = await this.#around.store.load(keys);
    if (!first) return undefined;
    this.keys.settle(0, keys);
    const outputs = [first];
    for (let output = 1; ; output++) {
      const more = deps.length ? await this.#around.store.query(this.keys.question(map, output, deps)) : [];
      const next = more.length ? await this.#around.store.load(more) : undefined;
      if (!next) break;
      this.keys.settle(output, more);
      outputs.push(next);
    }
    this.#tell('vertex-cached', { from: 'local' });
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
      this.keys.settle(
        output,
        keyed.map(({ key }) => key),
      );
      return keyed.map(({ map, key }) => this.#around.store.save(key, this.keys.question(map, output, deps), result));
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
      this.#around.job.report({ kind: 'vertex-failed', ...about, message, ...this.#usage });
    } else if (this.#state === 'started' && this.#around.job.signal.aborted) {
      this.#around.job.report({ kind: 'vertex-cancelled', ...about });
    }
    this.#state = 'done';
    return failure;
  }

  #measured(bytes: number | Promise<number>): void {
    const tell = (made: number) =>
      this.#around.job.report({ kind: 'vertex-measured', vertex: this.vertex.digest, at: Date.now(), made });
    if (typeof bytes === 'number') tell(bytes);
    else this.#around.trail(bytes.then(tell));
  }

  #tell(kind: 'vertex-started' | 'vertex-cached' | 'vertex-completed', facts: Facts = {}): void {
    if (this.#state === 'done') return;
    this.#state = kind === 'vertex-started' ? 'started' : 'done';
    this.#around.job.report({ kind, vertex: this.vertex.digest, at: Date.now(), ...facts });
  }
}
