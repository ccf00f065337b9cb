import { isDigest, type Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import type { Surroundings } from './active.ts';
import { contentOutput, rootKey, type KeyedDep, type KeyId } from './cache-key.ts';
import type { KeyQuestion } from './cache-store.ts';
import { memo } from './memo.ts';
import type { KeyedEdge } from './records.ts';
import type { CacheMap, Held, KeyFacts, Operator, Vertex } from './vertex.ts';

/** What a vertex is known by, asked for in the order in which answers get dearer: by definition, then by content. */
export class Keys<R extends Held<R>, J extends Work> {
  readonly #vertex: Vertex;
  readonly #operator: Operator<R, J>;
  readonly #around: Surroundings<R, J>;
  /** Runs a part of the vertex's own work, whose failure is the vertex's. */
  readonly #attempt: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #fast = new Map<number, Promise<readonly KeyId[]>>();
  readonly #slow = new Map<number, Promise<readonly KeyId[]>>();
  readonly #contents = new Map<number, Promise<Digest | undefined>>();
  /** Keys that saving made, by output; they come before what queries found. */
  readonly #saved = new Map<number, readonly KeyId[]>();
  #maps?: Promise<readonly CacheMap<R, J>[]>;
  #primary: CacheMap<R, J> | undefined;
  readonly #known = new Map<number, Digest>();

  constructor(
    vertex: Vertex,
    operator: Operator<R, J>,
    around: Surroundings<R, J>,
    attempt: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    this.#vertex = vertex;
    this.#operator = operator;
    this.#around = around;
    this.#attempt = attempt;
  }

  /** An output's result is kept under these from now on. */
  settle(output: number, keys: readonly KeyId[]): void {
    this.#saved.set(output, keys);
  }

  /** Its cache maps: what the vertex is keyed by. */
  maps(): Promise<readonly CacheMap<R, J>[]> {
    return (this.#maps ??= this.#attempt(async () => {
      const maps = await this.#operator.cacheMaps(this.#around.job);
      [this.#primary] = maps;
      return maps;
    }));
  }

  /** What is known by now; asks nobody. */
  get facts(): KeyFacts {
    const { digest, session, pin } = this.#primary ?? {};
    // What means something in this session alone is no fact.
    const own = session ? {} : { ...(digest && { digest }), ...(pin !== undefined && { pin }) };
    return { ...own, contents: this.#known };
  }

  /** Keys of an output that are known by definition alone. */
  fast(output: number): Promise<readonly KeyId[]> {
    return memo(this.#fast, output, async () => {
      await undefined; // a chain of ten thousand vertices must not recurse on the stack
      if (this.#vertex.inputs.length === 0) return this.root(output);
      if (this.#vertex.ignoreCache) return [];
      return this.query(output, await this.deps('fast', output));
    });
  }

  /** Keys of an output once the content of its inputs was looked at, where that matters. */
  slow(output: number): Promise<readonly KeyId[]> {
    return memo(this.#slow, output, async () => {
      const fast = await this.fast(output);
      if (fast.length > 0 || this.#vertex.inputs.length === 0 || this.#vertex.ignoreCache) return fast;
      const byDefinition = await this.deps('slow', output);
      const found = await this.query(output, byDefinition);
      const [map] = await this.maps();
      if (found.length > 0 || !map!.deps.some((dep) => dep.content)) return found;
      const byContent = await this.deps('content', output);
      const matched = await this.query(output, byContent);
      if (matched.length > 0) await this.#around.store.link(matched[0]!, this.question(map!, output, byContent));
      return matched;
    });
  }

  /** Keys of an output, as good as they are known: after a run, those that the result is kept under. */
  async settled(output: number): Promise<readonly KeyId[]> {
    const saved = this.#saved.get(output);
    if (!saved) return this.slow(output);
    // What was saved tells more than what a cache elsewhere knows, and comes last.
    const found = this.#vertex.ignoreCache ? [] : await this.slow(output);
    return [...found.filter((key) => !saved.includes(key)), ...saved];
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
        const digest = bringAbout ? await this.content(i) : await this.#contents.get(i);
        return digest ? [rootKey(digest, contentOutput)] : this.#rememberedContents(i, output);
      }),
    );
    return {
      digests: maps.filter((map) => !map.session).map(({ digest }) => digest),
      deps: deps.map(({ selector }, i) => ({ ...(selector && { selector }), contents: contents[i]! })),
    };
  }

  /** Keys of an output that are known by now. */
  async soFar(output: number): Promise<readonly KeyId[]> {
    if (this.#saved.has(output)) return this.settled(output);
    return this.#slow.get(output) ?? this.fast(output);
  }

  /** Keys of an input's content that led here in other builds. */
  async #rememberedContents(i: number, output: number): Promise<readonly Digest[]> {
    const { vertex, index } = this.#vertex.inputs[i]!;
    const byDefinition = await this.#around.active({ vertex, index }).keys.soFar(index);
    const kept = await Promise.all((await this.soFar(output)).map((key) => this.#around.store.kept(key)));
    const contents = kept.flatMap(({ ways }) =>
      ways.flatMap(({ deps }) =>
        (deps[i]?.keys ?? []).flatMap(({ id, selector }) => (selector || byDefinition.includes(id) ? [] : id)),
      ),
    );
    return [...new Set(contents)].filter(isDigest).sort();
  }

  async root(output: number): Promise<readonly KeyId[]> {
    return (await this.maps()).filter((map) => !map.session).map((map) => rootKey(map.digest, output));
  }

  /** The keys of all inputs: `fast` and `slow` by definition, `content` also by what is in them. */
  async deps(depth: 'fast' | 'slow' | 'content', output: number): Promise<readonly KeyedDep[]> {
    const [map] = await this.maps();
    const { inputs } = this.#vertex;
    return Promise.all(
      inputs.map(async (edge, i): Promise<KeyedDep> => {
        const { keys: input } = this.#around.active(edge);
        const { selector, content } = map!.deps[i] ?? {};
        if (depth === 'content') {
          const digest = content && (await this.content(i));
          const ids = await input.settled(edge.index);
          const byDefinition = ids.map((id) => ({ id, ...(selector && { selector }) }));
          return { keys: [...byDefinition, ...(digest ? [{ id: rootKey(digest, contentOutput) }] : [])] };
        }
        const ids = await (depth === 'fast' ? input.fast(edge.index) : input.slow(edge.index));
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
    const deps = this.#vertex.inputs.map((_, other) => (other === i ? dep : undefined));
    return (await this.#around.store.query({ digest: map!.digest, output, deps })).length > 0;
  }

  /**
   * Starts what will be needed anyway, so that inputs don't wait for one another: an input whose keys lead to nothing
   * known has to be there, be it for its content; and where its content can't help, this vertex has to run and needs them all.
   */
  #bringAbout(i: number, byContent: boolean): void {
    const { inputs } = this.#vertex;
    for (const { vertex, index } of byContent ? [inputs[i]!] : inputs) {
      void this.#around.active({ vertex, index }).result(index); // kept by its vertex; whoever needs it awaits it
    }
  }

  /** Digest of what matters of an input's content; undefined where only its definition counts. */
  content(i: number): Promise<Digest | undefined> {
    return memo(this.#contents, i, async () => {
      const [map] = await this.maps();
      const edge = this.#vertex.inputs[i]!;
      const content = map!.deps[i]?.content;
      if (!content) return undefined;
      const input = await this.#around.active(edge).result(edge.index);
      const digest = await this.#attempt(() => content(input, this.#around.job));
      this.#known.set(i, digest);
      return digest;
    });
  }

  async query(output: number, deps: readonly KeyedDep[]): Promise<readonly KeyId[]> {
    if (deps.some(({ keys }) => keys.length === 0)) return [];
    const [map] = await this.maps();
    return this.#around.store.query(this.question(map!, output, deps));
  }

  question(map: CacheMap<R, J>, output: number, deps: readonly KeyedDep[]): KeyQuestion {
    return { digest: map.digest, output, deps };
  }
}
