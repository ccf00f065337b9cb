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

/** Keys, and all there is to say where they are not found ones. */
interface Known {
  readonly keys: readonly KeyId[];
  readonly foreseen?: Foreseen;
}

/** Tells what a build would do with a vertex, and does nothing. */
export class Foresight<R extends Held<R>, J extends Work> {
  readonly #vertex: Vertex;
  readonly #operator: Operator<R, J>;
  readonly #around: Surroundings<R, J>;
  readonly #keys: Keys<R, J>;
  readonly #known = new Map<number, Promise<Known>>();
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
      const { keys, foreseen } = await this.#know(output);
      return foreseen ?? this.#outlookOf(keys);
    });
  }

  /** As much of it as tells the keys: whether what they name is kept is a question that few have. */
  #know(output: number): Promise<Known> {
    return memo(this.#known, output, async () => {
      await undefined;
      const keys = this.#keys;
      if (this.#operator.looks) return foreseen({ outlook: 'look', keys: await keys.fast(output) });
      if (this.#vertex.ignoreCache) return foreseen({ outlook: 'run', keys: [] });
      const fast = await keys.fast(output);
      if (fast.length > 0 || this.#vertex.inputs.length === 0) return { keys: fast };
      const [map] = await keys.maps();
      const byDefinition = await Promise.all(
        this.#vertex.inputs.map(async (edge, i): Promise<KeyedDep> => {
          const before = await this.#around.active(edge).foresight.#know(edge.index);
          const { selector } = map!.deps[i] ?? {};
          return { keys: before.keys.map((id) => ({ id, ...(selector && { selector }) })) };
        }),
      );
      const found = await keys.query(output, byDefinition);
      if (found.length > 0) return { keys: found };
      return this.#byContent(map!, output, byDefinition);
    });
  }

  /** The same by the content of inputs, where definitions lead to nothing. */
  async #byContent(map: CacheMap<R, J>, output: number, byDefinition: readonly KeyedDep[]): Promise<Known> {
    const deps = await Promise.all(
      this.#vertex.inputs.map(async (edge, i) => {
        const { content } = map.deps[i] ?? {};
        const before = await this.#around.active(edge).foresight.of(edge.index);
        const digest = content && (await this.#contentHere(i, before, content));
        const keys = [...byDefinition[i]!.keys, ...(digest ? [{ id: rootKey(digest, contentOutput) }] : [])];
        // What a source is keyed by may be known only once it is here.
        const unsettled = before.keys.length === 0 && edge.vertex.inputs.length === 0;
        const open = before.outlook === 'open' || content !== undefined || unsettled;
        return { keys, open: open && !digest, fresh: before.fresh === true && content === undefined };
      }),
    );
    const { digest } = map;
    const byAny = map.deps.some(({ content }) => content);
    const keys = byAny ? await this.#keys.query(output, deps) : [];
    if (keys.length > 0) return { keys };
    if (deps.some(({ open }) => open)) {
      const settled = deps.map((dep) => (dep.open ? undefined : { keys: dep.keys }));
      const fresh = deps.some((dep) => dep.fresh) || !(await this.#mayFollow(digest, output, settled));
      return foreseen({ outlook: 'open', keys, map: digest, ...(fresh && { fresh }) });
    }
    // What runs is kept under this key, and what depends on it may be known by it.
    const keyed = deps.every((dep) => dep.keys.length > 0);
    return foreseen({ outlook: 'run', keys: keyed ? [derivedKey(digest, output, deps)] : [], map: digest });
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

function foreseen(foreseen: Foreseen): Known {
  return { keys: foreseen.keys, foreseen };
}
