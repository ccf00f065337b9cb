import { hash } from 'node:crypto';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, RefId } from '../cache/ref.ts';
import type { Index } from '../index/index.ts';
import type { KeyId } from '../solver/cache-key.ts';
import type { CacheStore, KeyQuestion, PartialQuestion } from '../solver/cache-store.ts';

/** What was found under a key: refs, the newest first. */
interface KeptResult {
  readonly ref: RefId;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Lets one at a time work on a key, across processes. */
export type Claims = (name: string, options: { readonly signal: AbortSignal }) => Promise<AsyncDisposable>;

/**
 * The solver's memory in the index:
 *
 *   key-links    input key, input number, count of inputs, vertex, output, selector  →  keys
 *   key-ways     key  →  every question that leads to it, for cache exports and for forgetting
 *   key-results  key  →  refs
 */
export function openKeyTables(index: Index) {
  return {
    links: index.links('key-links'),
    ways: index.table<readonly KeyQuestion[]>('key-ways'),
    results: index.table<readonly KeptResult[]>('key-results'),
  };
}

/** The solver's memory over those tables; results are refs of `cache`. */
export function openCacheStore(index: Index, cache: Cache, claims: Claims): CacheStore<ImmutableRef> {
  const { links, ways, results } = openKeyTables(index);

  const link = (key: KeyId, question: KeyQuestion) => {
    const known = ways.get(key) ?? [];
    const written = JSON.stringify(question);
    if (!known.some((way) => JSON.stringify(way) === written)) ways.put(key, [...known, question]);
    for (const name of question.deps.flatMap((_, input) => linkNames(question, input))) links.add(name, key);
  };

  return {
    async query(question) {
      let found: string[] | undefined;
      for (let input = 0; input < question.deps.length; input++) {
        if (!question.deps[input]) continue;
        const names = linkNames(question, input);
        const keys = new Set(names.flatMap((name) => [...links.get(name)]));
        found = found ? found.filter((key) => keys.has(key)) : [...keys];
        if (found.length === 0) return [];
      }
      return found ?? [];
    },

    async load(keys) {
      const kept = keys.flatMap((key) => results.get(key) ?? []).sort((a, b) => b.createdAt - a.createdAt);
      for (const { ref } of kept) {
        const held = await cache.get(ref);
        if (held) return held;
      }
      if (kept.length > 0) {
        const gone = new Set(kept.map(({ ref }) => ref));
        await index.write(() => {
          for (const key of keys) {
            const left = (results.get(key) ?? []).filter(({ ref }) => !gone.has(ref));
            if (left.length > 0) results.put(key, left);
            else results.remove(key);
          }
        });
      }
      return undefined;
    },

    save: (key, question, result, { createdAt } = { createdAt: Date.now() }) =>
      index.write(() => {
        link(key, question);
        const others = (results.get(key) ?? []).filter(({ ref }) => ref !== result.id);
        results.put(key, [{ ref: result.id, createdAt }, ...others]);
      }),

    link: (key, question) => index.write(() => link(key, question)),

    async kept(key) {
      const createdAt = results.get(key)?.find(({ ref }) => cache.ready(ref))?.createdAt;
      return { ways: ways.get(key) ?? [], ...(createdAt !== undefined && { createdAt }) };
    },

    claim: (key, options) => claims(`key ${key}`, options),
  };
}

/**
 * Names of the links that an input's keys make, short enough for the index. The count is among them: "copy / from an empty
 * tree" has the digest of "copy / from that tree", and one input less.
 */
export function linkNames({ digest, output, deps }: PartialQuestion, input: number): string[] {
  return deps[input]!.keys.map(({ id, selector }) =>
    hash('sha256', `${id}|${input}/${deps.length}|${digest}|${output}|${selector ?? ''}`, 'base64url'),
  );
}
