// Results from elsewhere and for elsewhere: caches are imported before a build looks for results, and exported after its
// images. This room knows records, layers and places to keep them; not what runs, and not what the images are.
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { SolveRequest } from '../engine.ts';
import type { Work } from '../progress/work.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { Edge, Vertex } from '../solver/vertex.ts';
import { collectRecords, type Solved } from './collect-records.ts';
import { joinedStore } from './joined-store.ts';
import { type LocalCache, openLocalCache, writeLocalCache } from './local.ts';
import { readExport, readImport, type LocalExport, type LocalImport } from './options.ts';
import { packCache } from './package.ts';

/** What a request asks of caches. */
export interface WantedCaches {
  readonly imports: readonly LocalImport[];
  readonly exports: readonly LocalExport[];
}

/** Judges what a request asks of caches. Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readCaches({ cacheFrom, cacheTo }: Pick<SolveRequest, 'cacheFrom' | 'cacheTo'>): WantedCaches {
  return { imports: cacheFrom.map(readImport), exports: cacheTo.map(readExport) };
}

/**
 * The store with imported caches behind it, the first one first. A cache that can't be read, or a result in it, is told
 * as a warning, and is as if it were not there.
 */
export async function importCaches(
  wanted: readonly LocalImport[],
  { own, cache }: { readonly own: CacheStore<ImmutableRef>; readonly cache: Cache },
  work: Work,
): Promise<{ readonly store: CacheStore<ImmutableRef> } & AsyncDisposable> {
  const each = new Map(wanted.map((entry) => [JSON.stringify([entry.src, entry.digest, entry.tag]), entry]));
  const opened = await Promise.all(
    [...each.values()].map(async (entry): Promise<readonly LocalCache[]> => {
      const warn = (what: string) => (error: unknown) =>
        tell(work, { code: 'cache/import', file: entry.src, message: `${what}: ${messageOf(error)}` });
      const lost = warn('a result cannot be taken from this cache, its step runs if it has to');
      try {
        return [await openLocalCache(entry, lost, work)];
      } catch (error) {
        work.signal.throwIfAborted();
        warn('this cache is left out')(error);
        return [];
      }
    }),
  );
  const caches = opened.flat();
  const store = joinedStore({ own, imports: caches.map(({ records }) => records), cache, work });
  const close = async () => {
    for (const each of caches) await each[Symbol.asyncDispose]();
  };
  return { store, [Symbol.asyncDispose]: close };
}

/** Exports what led to `roots`, and gives the answer by BuildKit's key: the cache's descriptor. */
export async function exportCache(
  roots: readonly Edge[],
  options: LocalExport,
  from: { readonly solved: Solved; readonly wanted: (vertex: Vertex) => boolean; readonly cache: Cache },
  work: Work,
): Promise<Readonly<Record<string, string>>> {
  const warn = (message: string) => tell(work, { code: 'cache/export', file: options.dest, message });
  try {
    const { config, blobs } = await collectRecords(roots, from, options, work);
    if (config.layers.length === 0) {
      warn('there is nothing to export: no step has a result with layers');
      return {};
    }
    const packed = packCache(config, blobs, options);
    await writeLocalCache(packed, options, work);
    const { mediaType, digest, size } = packed.root;
    return { 'cache.manifest': JSON.stringify({ mediaType, digest, size }) };
  } catch (error) {
    work.signal.throwIfAborted();
    if (!options.ignoreError) throw error;
    warn(`the cache is not exported: ${messageOf(error)}`);
    return {};
  }
}

function tell(work: Work, what: { readonly code: string; readonly file: string; readonly message: string }): void {
  work.report({ kind: 'warning', at: Date.now(), diagnostic: { severity: 'warning', ...what } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
