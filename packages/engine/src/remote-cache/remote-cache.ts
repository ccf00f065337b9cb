// Results from elsewhere and for elsewhere: caches are imported before a build looks for results, and exported after its
// images. This room knows records, layers and places to keep them; not what runs, and not what the images are.
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { SolveRequest } from '../engine.ts';
import { normalised } from '../oci/reference.ts';
import type { Work } from '../progress/work.ts';
import type { Account, Registries } from '../registry/registry.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { Edge, Vertex } from '../solver/vertex.ts';
import { collectRecords, type Solved } from './collect-records.ts';
import { joinedStore, type OpenedCache } from './joined-store.ts';
import { openLocalCache, writeLocalCache } from './local.ts';
import { type ExportOptions, type ImportPlace, readExport, readImport } from './options.ts';
import { packCache } from './package.ts';

/** What a request asks of caches. */
export interface WantedCaches {
  readonly imports: readonly ImportPlace[];
  readonly exports: readonly ExportOptions[];
}

/** Judges what a request asks of caches. Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readCaches({ cacheFrom, cacheTo }: Pick<SolveRequest, 'cacheFrom' | 'cacheTo'>): WantedCaches {
  return { imports: cacheFrom.map(readImport), exports: cacheTo.map(readExport) };
}

/** A cache to import, and who asks for it. */
export interface WantedImport {
  readonly place: ImportPlace;
  readonly account: Account;
}

/** What caches are read from and written to with. */
export interface CacheDeps {
  readonly cache: Cache;
  readonly registries: () => Promise<Registries>;
}

export interface ImportedCaches extends AsyncDisposable {
  readonly store: CacheStore<ImmutableRef>;
  /** Folders from which some result could not be taken; more come in as the build goes on. */
  readonly damaged: ReadonlySet<string>;
}

/**
 * The store with imported caches behind it, the first one first. A cache that can't be read, or a result in it, is told
 * as a warning, and is as if it were not there. Only what is not found here waits for them.
 */
export function importCaches(
  wanted: readonly WantedImport[],
  { own, ...deps }: CacheDeps & { readonly own: CacheStore<ImmutableRef> },
  work: Work,
): ImportedCaches {
  const damaged = new Set<string>();
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const each = new Map(
    wanted.map(({ place, account }) => {
      const who = place.kind === 'registry' ? (account.account ?? account.id) : undefined;
      return [JSON.stringify([place, who]), { place, account }];
    }),
  );
  const opening = Promise.all(
    [...each.values()].map(async ({ place, account }): Promise<readonly OpenedCache[]> => {
      const warn = (what: string) => (error: unknown) =>
        tell(work, { code: 'cache/import', file: nameOf(place), message: `${what}: ${messageOf(error)}` });
      const lost = (error: unknown) => {
        damaged.add(nameOf(place));
        warn('a result cannot be taken from this cache, its step runs if it has to')(error);
      };
      try {
        if (place.kind === 'local') return [await openLocalCache(place, lost, { signal })];
        const { openRegistryCache } = await import('./registry.ts');
        return [await openRegistryCache(place, lost, { registries: await deps.registries(), account, signal })];
      } catch (error) {
        signal.throwIfAborted();
        warn('this cache is left out')(error);
        return [];
      }
    }),
  );
  const imports = opening.then((opened) => opened.flat().map(({ records }) => records));
  return {
    store: joinedStore({ own, imports, cache: deps.cache, work }),
    damaged,
    async [Symbol.asyncDispose]() {
      stop.abort();
      const [opened] = await Promise.allSettled([opening]);
      for (const cache of opened.status === 'fulfilled' ? opened.value.flat() : []) await cache[Symbol.asyncDispose]();
    },
  };
}

/** Exports what led to `roots`, and gives the answer by BuildKit's key: the cache's descriptor. */
export async function exportCache(
  roots: readonly Edge[],
  options: ExportOptions,
  from: CacheDeps & {
    readonly solved: Solved;
    readonly wanted: (vertex: Vertex) => boolean;
    readonly account: Account;
    readonly damaged: ReadonlySet<string>;
  },
  work: Work,
): Promise<Readonly<Record<string, string>>> {
  const warn = (message: string) => tell(work, { code: 'cache/export', file: nameOf(options.place), message });
  try {
    const { config, blobs } = await collectRecords(roots, from, options, work);
    if (config.layers.length === 0) {
      warn('there is nothing to export: no step has a result with layers');
      return {};
    }
    const packed = packCache(config, blobs, options);
    const { place } = options;
    const { account, registries, damaged } = from;
    const { signal } = work;
    if (place.kind === 'local') await writeLocalCache(packed, place, { damaged: damaged.has(place.dest), signal });
    else {
      const { pushCache } = await import('./registry.ts');
      await pushCache(packed, place, { registries: await registries(), account, signal });
    }
    const { mediaType, digest, size } = packed.root;
    return { 'cache.manifest': JSON.stringify({ mediaType, digest, size }) };
  } catch (error) {
    work.signal.throwIfAborted();
    if (!options.ignoreError) throw error;
    warn(`the cache is not exported: ${messageOf(error)}`);
    return {};
  }
}

function nameOf(place: ImportPlace | ExportOptions['place']): string {
  if (place.kind === 'registry') return normalised(place.reference);
  return 'src' in place ? place.src : place.dest;
}

function tell(work: Work, what: { readonly code: string; readonly file: string; readonly message: string }): void {
  work.report({ kind: 'warning', at: Date.now(), diagnostic: { severity: 'warning', ...what } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
