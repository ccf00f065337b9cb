import type { Digest } from '../oci/digest.ts';
import type { Download } from '../progress/download.ts';
import type { Work } from '../progress/work.ts';
import type { Surroundings } from './active.ts';
import { contentOutput, derivedKey, type KeyedDep, rootKey, type KeyId } from './cache-key.ts';
import type { Elsewhere } from './cache-store.ts';
import type { Keys } from './keys.ts';
import { memo } from './memo.ts';
import type { CacheMap, Held, Operator, Outlook, Vertex } from './vertex.ts';

export interface Foreseen {
  readonly outlook: Outlook;
  /** Those of the output that are known; of what runs, the one that it will be kept under. */
  readonly keys: readonly KeyId[];
  /** Where a hit has to be fetched from; undefined if it is here. */
  readonly elsewhere?: Elsewhere;
  /** The digest of its cache map, where it is known by nothing but that. */
  readonly map?: Digest;
  /**
   * Of an open one: nothing that is kept now follows from its inputs. It runs, unless another vertex of the build with
   * the same cache map turns out to do the same first.
   */
  readonly fresh?: boolean;
}

/** Tells what a build would do with a vertex, and does nothing. */
export class Foresight<R extends Held<R>, J extends Work> {
  readonly #vertex: Vertex;
  readonly #operator: Operator<R, J>;
  readonly #around: Surroundings<R, J>;
  readonly #keys: Keys<R, J>;
  readonly #foreseen = new Map<number, Promise<Foreseen>>();

  constructor(vertex: Vertex, operator: Operator<R, J>, around: Surroundings<R, J>, keys: Keys<R, J>) {
    this.#vertex = vertex;
    this.#operator = operator;
    this.#around = around;
    this.#keys = keys;
  }

  /** What asking for an output's result would do. Content counts as far as it is here; nothing runs for it. */
  of(output: number): Promise<Foreseen> {
    return memo(this.#foreseen, output, async () => {
      await undefined;
      if (this.#operator.looks) return { outlook: 'look', keys: await this.#keys.fast(output) };
      if (this.#vertex.ignoreCache) return { outlook: 'run', keys: [] };
      const fast = await this.#keys.fast(output);
      if (fast.length > 0 || this.#vertex.inputs.length === 0) return this.#outlookOf(fast);
      const [map] = await this.#keys.maps();
      const deps = await Promise.all(
        this.#vertex.inputs.map(async (edge, i) => {
          const before = await this.#around.active(edge).foresight.of(edge.index);
          const { selector, content } = map!.deps[i] ?? {};
          const byDefinition = before.keys.map((id) => ({ id, ...(selector && { selector }) }));
          const digest = content && (await this.#contentHere(i, before, content));
          const keys = [...byDefinition, ...(digest ? [{ id: rootKey(digest, contentOutput) }] : [])];
          // What a source is keyed by may be known only once it is here.
          const unsettled = before.keys.length === 0 && edge.vertex.inputs.length === 0;
          const open = before.outlook === 'open' || content !== undefined || unsettled;
          return { keys, open: open && !digest, fresh: before.fresh === true && content === undefined };
        }),
      );
      const keys = await this.#keys.query(output, deps);
      if (keys.length > 0) return this.#outlookOf(keys);
      const { digest } = map!;
      if (deps.some(({ open }) => open)) {
        const settled = deps.map(({ keys, open }) => (open ? undefined : { keys }));
        const fresh = deps.some((dep) => dep.fresh) || !(await this.#mayFollow(digest, output, settled));
        return { outlook: 'open', keys, map: digest, ...(fresh && { fresh }) };
      }
      // What runs is kept under this key, and what depends on it may be known by it.
      const keyed = deps.every((dep) => dep.keys.length > 0);
      return { outlook: 'run', keys: keyed ? [derivedKey(digest, output, deps)] : [], map: digest };
    });
  }

  /** Whether anything is known that follows from those inputs whose keys are settled. */
  async #mayFollow(digest: Digest, output: number, deps: readonly (KeyedDep | undefined)[]): Promise<boolean> {
    const known = deps.filter((dep) => dep !== undefined);
    if (known.length === 0) return true;
    if (known.some(({ keys }) => keys.length === 0)) return false;
    return (await this.#around.store.query({ digest, output, deps })).length > 0;
  }

  /** What asking for the result would fetch. */
  async downloads(output: number): Promise<readonly Download[]> {
    const { outlook, elsewhere } = await this.of(output);
    if (elsewhere) return elsewhere.missing();
    return outlook === 'look' ? [] : ((await this.#operator.downloads?.(this.#around.job)) ?? []);
  }

  async #outlookOf(keys: readonly KeyId[]): Promise<Foreseen> {
    const kept = await Promise.all(keys.map((key) => this.#around.store.kept(key)));
    const results = kept.filter(({ createdAt }) => createdAt !== undefined);
    if (results.length === 0) return { outlook: 'run', keys };
    if (results.some(({ elsewhere }) => !elsewhere)) return { outlook: 'hit', keys };
    const newest = results.reduce((a, b) => (b.createdAt! > a.createdAt! ? b : a));
    return { outlook: 'hit', keys, elsewhere: newest.elsewhere! };
  }

  /** Digest of what matters of an input's content, if that is here. */
  async #contentHere(
    input: number,
    { outlook, keys, elsewhere }: Foreseen,
    content: NonNullable<CacheMap<R, J>['deps'][number]['content']>,
  ): Promise<Digest | undefined> {
    if (outlook === 'look') return this.#keys.content(input);
    if (outlook !== 'hit' || elsewhere) return undefined;
    await using kept = await this.#around.store.load(keys);
    return kept && content(kept, this.#around.job);
  }
}
