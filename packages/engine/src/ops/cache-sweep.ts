import type { RefId } from '../cache/ref.ts';
import type { Index } from '../index/index.ts';
import type { KeyId } from '../solver/cache-key.ts';
import { linkNames, openKeyTables } from './cache-store.ts';

/**
 * Forgets results whose refs are gone, and keys that lead to no result any more. A key without a result of its own stays
 * as long as a result is found through it.
 */
export function sweepKeys(index: Index, isThere: (ref: RefId) => boolean): Promise<void> {
  const { links, ways, results } = openKeyTables(index);
  return index.write(() => {
    const needed = new Set<KeyId>();
    const open: KeyId[] = [];
    for (const [key, kept] of [...results.entries()]) {
      const left = kept.filter(({ ref }) => isThere(ref));
      if (left.length === 0) results.remove(key);
      else if (left.length < kept.length) results.put(key, left);
      if (left.length > 0) open.push(key);
    }
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (needed.has(key)) continue;
      needed.add(key);
      for (const { deps } of ways.get(key) ?? []) open.push(...deps.flatMap(({ keys }) => keys.map(({ id }) => id)));
    }
    for (const [key, questions] of [...ways.entries()]) {
      if (needed.has(key)) continue;
      for (const question of questions) {
        for (const name of question.deps.flatMap((_, input) => linkNames(question, input))) links.remove(name, key);
      }
      ways.remove(key);
    }
  });
}
