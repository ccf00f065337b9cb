// Caches that GitHub Actions keeps, under BuildKit's keys: an entry for each blob, and for each branch an index, of which
// there is a new entry with every export.

import { maxDocumentSize } from '../content/children.ts';
import type { Provider } from '../content/store.ts';
import { verified } from '../content/verify.ts';
import type { Digest } from '../oci/digest.ts';
import type { Transport } from '../registry/transport.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import type { CollectedCache } from './collect-records.ts';
import { describedConfigJson, describedRecords } from './described.ts';
import type { RemoteCacheFailure } from './failure.ts';
import { listKeys } from './gha-blobs.ts';
import { GhaHttp } from './gha-http.ts';
import { indexKey, writeIndex } from './gha-index.ts';
import type { GhaPlace, GhaRepository } from './gha-options.ts';
import { openGha, readEntry } from './gha-service.ts';
import { tokenScopes } from './gha-token.ts';
import type { Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';

interface GhaAccess {
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

/** Writes a cache for the branch that the workflow runs on: blobs that are not there, and then a new index. */
export async function writeGhaCache(
  cache: CollectedCache,
  { scope, service, github }: GhaPlace & { readonly github?: GhaRepository },
  { transport, signal }: GhaAccess,
): Promise<void> {
  if (!service) throw outside();
  const http = new GhaHttp(transport);
  const scopes = tokenScopes(service.token);
  const branch = scopes.findLast(({ write }) => write);
  if (!branch) throw refused("the workflow's token may write to no branch's caches");
  const entries = await openGha(service, http);
  const known = github && (await listKeys(github, blobPrefix, { scopes, http, signal }));
  const places = new Semaphore(4);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  await Promise.all(
    cache.blobs.map(async ({ descriptor, provider }) => {
      using _place = await places.acquire({ signal: stop });
      const key = blobKey(descriptor.digest);
      if (known ? known.has(key) : await entries.find(key, { signal: stop })) return;
      // Taken: somebody else is sending it.
      const upload = await entries.reserve(key, { signal: stop });
      await upload?.send(provider.open(descriptor, { signal: stop }), { size: descriptor.size, signal: stop });
    }),
  ).catch((error: unknown) => {
    failed.abort(error);
    throw error;
  });
  await writeIndex(describedConfigJson(cache), indexKey(scope, branch.scope), { entries, signal });
}

/** Opens the caches of all branches that the workflow may read, its own first. Fails if there is none. */
export async function openGhaCache(
  { scope, service }: GhaPlace,
  { name, lost }: Omit<Origin, 'provider'>,
  { transport, patient, signal }: GhaAccess & { readonly patient: (provider: Provider) => Provider },
): Promise<OpenedCache> {
  if (!service) throw outside();
  const http = new GhaHttp(transport);
  const entries = await openGha(service, http);
  const provider = patient({
    open: ({ digest, size }, options) => {
      const access = { entries, http, signal: options?.signal ?? signal };
      return verified(readEntry(blobKey(digest), access), { digest, size });
    },
  });
  const found = await Promise.all(
    tokenScopes(service.token).map(async (branch) => {
      const key = indexKey(scope, branch.scope);
      const newest = await entries.find(key, { signal });
      if (!newest) return [];
      const config = await collect(readEntry(key, { entries, http, newest, signal }), maxDocumentSize);
      return [describedRecords(config, { name, lost, provider })];
    }),
  );
  const caches = found.flat();
  if (caches.length === 0) throw refused(`no branch has one yet with scope=${scope}`);
  return { caches, [Symbol.asyncDispose]: async () => {} };
}

const blobPrefix = 'buildkit-blob-1-';

function blobKey(digest: Digest): string {
  return `${blobPrefix}${digest}`;
}

function outside(): Failed<RemoteCacheFailure> {
  return refused(
    'ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL (or ACTIONS_CACHE_URL) are not set; a step of a workflow that runs commands has to be given them',
  );
}

function refused(why: string): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>({ kind: 'cache-refused', message: `the cache of GitHub Actions: ${why}` });
}
