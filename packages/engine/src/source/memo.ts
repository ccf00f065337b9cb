import type { Index } from '../index/index.ts';

/** What sources remember from build to build: ETags, the refs of downloads and of commits. */
export interface Memo {
  get(key: string): string | undefined;
  put(key: string, value: string): Promise<void>;
}

/** The memo that lives in the cache's index. */
export function memoIn(index: Index): Memo {
  const table = index.table<string>('sources');
  return {
    get: (key) => table.get(key),
    put: (key, value) => index.write(() => table.put(key, value)),
  };
}
