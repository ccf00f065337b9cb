// Which blobs GitHub has of a repository, asked of its REST API in pages.

import { type GhaHttp, refused } from './gha-http.ts';
import type { GhaRepository } from './gha-options.ts';
import type { TokenScope } from './gha-token.ts';

/** The keys of a repository's entries that begin with `prefix`, in all scopes. */
export async function listKeys(
  { url, repository, token }: GhaRepository,
  prefix: string,
  {
    scopes,
    http,
    signal,
  }: { readonly scopes: readonly TokenScope[]; readonly http: GhaHttp; readonly signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  };
  const keys = new Set<string>();
  await Promise.all(
    scopes.map(async ({ scope }) => {
      for (let page = 1, total = 1; (page - 1) * pageSize < total; page++) {
        const query = new URLSearchParams({ per_page: String(pageSize), page: String(page), key: prefix, ref: scope });
        const request = { method: 'GET', url: `${url}/repos/${repository}/actions/caches?${query}` } as const;
        const { said } = await http.ask({ ...request, headers, signal });
        const { total_count: count, actions_caches: entries } = said ?? {};
        if (typeof count !== 'number' || !Array.isArray(entries)) throw refused(request, 'the answer is no list');
        total = count;
        for (const { key } of entries as { readonly key?: unknown }[]) if (typeof key === 'string') keys.add(key);
      }
    }),
  );
  return keys;
}

const pageSize = 100;
