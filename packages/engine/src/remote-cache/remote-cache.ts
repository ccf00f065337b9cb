// Results from elsewhere and for elsewhere: caches are imported when a build first misses something, and exported after
// its images. This room knows records, layers and places to keep them; not what runs, and not what the images are.

import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, LayerBlob } from '../cache/ref.ts';
import type { SolveRequest } from '../engine.ts';
import type { CompressionOptions } from '../oci/compression.ts';
import type { Work } from '../progress/work.ts';
import type { Account, Registries } from '../registry/registry.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import { collectRecords, type ExportSource } from './collect-records.ts';
import { joinedStore, type OpenedCache } from './joined-store.ts';
import {
  type ExportOptions,
  type ImportOptions,
  type InlineOptions,
  readExport,
  readImport,
  readInline,
} from './options.ts';
import { nameOf, openPlace, writePlace } from './places.ts';

/** What a request asks of caches. */
export interface WantedCaches {
  readonly imports: readonly ImportOptions[];
  readonly exports: readonly ExportOptions[];
  /** Into the config of its images. */
  readonly inline?: InlineOptions;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Judges what a request asks of caches. Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readCaches(
  { cacheFrom, cacheTo }: Pick<SolveRequest, 'cacheFrom' | 'cacheTo'>,
  env: Environment,
): WantedCaches {
  const inline = cacheTo.filter(({ type }) => type === 'inline').map(readInline);
  return {
    imports: cacheFrom.map((entry) => readImport(entry, env)),
    exports: cacheTo.filter(({ type }) => type !== 'inline').map((entry) => readExport(entry, env)),
    ...(inline[0] && { inline: inline[0] }),
  };
}

/** A cache to import, and who asks for it. */
export interface WantedImport {
  readonly options: ImportOptions;
  readonly account: Account;
}

/** What caches are read from and written to with. */
export interface CacheDeps {
  readonly cache: Cache;
  readonly registries: () => Promise<Registries>;
}

/** A cache that is imported, and what became of asking it. */
export type AskedCache = {
  /** For people. */
  readonly name: string;
  readonly type: ImportOptions['place']['kind'];
} & (
  | { readonly state: 'open' }
  /** All that was looked for was found before it. */
  | { readonly state: 'needless' }
  | { readonly state: 'unreachable'; readonly reason: string }
);

export interface ImportedCaches extends AsyncDisposable {
  readonly store: CacheStore<ImmutableRef>;
  /** Names of places from which some result could not be taken; more come in as the build goes on. */
  readonly damaged: ReadonlySet<string>;
  /** Waits for those that are being asked. */
  asked(): Promise<readonly AskedCache[]>;
}

/**
 * The store with imported caches behind it. They are opened all at once when something is first not found here; a build
 * that finds everything leaves them alone. A cache that can't be read, or a result in it, is told as a warning, and is
 * as if it were not there.
 */
export function importCaches(
  wanted: readonly WantedImport[],
  { own, cache, registries }: CacheDeps & { readonly own: CacheStore<ImmutableRef> },
  work: Work,
): ImportedCaches {
  const damaged = new Set<string>();
  const reasons = new Map<string, string>();
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const opening: Promise<OpenedCache | undefined>[] = [];

  const open = async ({ options, account }: WantedImport): Promise<OpenedCache | undefined> => {
    const name = nameOf(options.place);
    const warn = (what: string) => (error: unknown) =>
      tell(work, { code: 'cache/import', file: name, message: `${what}: ${messageOf(error)}` });
    const lost = (error: unknown) => {
      damaged.add(name);
      warn('a result cannot be taken from this cache, its step runs if it has to')(error);
    };
    try {
      return await openPlace(options, lost, { registries, account, signal });
    } catch (error) {
      signal.throwIfAborted();
      reasons.set(name, messageOf(error));
      warn('this cache is left out')(error);
      return undefined;
    }
  };

  const imports = () => {
    opening.push(...distinct(wanted).map(open));
    return opening.map(async (each) => (await each)?.caches ?? []);
  };

  return {
    store: joinedStore({ own, imports, cache, work }),
    damaged,
    async asked() {
      const opened = await Promise.all(opening);
      return distinct(wanted).map(({ options: { place } }, i): AskedCache => {
        const about = { name: nameOf(place), type: place.kind };
        if (opened.length === 0) return { ...about, state: 'needless' };
        return opened[i]
          ? { ...about, state: 'open' }
          : { ...about, state: 'unreachable', reason: reasons.get(about.name)! };
      });
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      const opened = await Promise.allSettled(opening);
      for (const each of opened) if (each.status === 'fulfilled') await each.value?.[Symbol.asyncDispose]();
    },
  };
}

/** One of those that ask for the same with the same credentials. */
function distinct(wanted: readonly WantedImport[]): readonly WantedImport[] {
  return [...new Map(wanted.map((each) => [placeOf(each.options, each.account), each])).values()];
}

/** The same for entries that say the same, of the same people where they are asked who they are. */
export function placeOf(options: ImportOptions | ExportOptions, account: Account): string {
  const who = options.place.kind === 'registry' ? (account.account ?? account.id) : undefined;
  return JSON.stringify([options, who]);
}

/** Exports what led to the roots of all sources, and gives the answer by BuildKit's key: the cache's descriptor. */
export async function exportCache(
  sources: readonly ExportSource[],
  options: ExportOptions,
  { account, ...deps }: CacheDeps & { readonly account: Account },
  work: Work,
): Promise<Readonly<Record<string, string>>> {
  const warn = (message: string) => tell(work, { code: 'cache/export', file: nameOf(options.place), message });
  try {
    const collected = await collectRecords(sources, { ...options, cache: deps.cache }, work);
    if (collected.config.layers.length === 0) {
      warn('there is nothing to export: no step has a result with layers');
      return {};
    }
    const damaged = new Set(sources.flatMap((source) => [...source.damaged]));
    const { registries } = deps;
    const manifest = await writePlace(collected, options, { registries, account, damaged, signal: work.signal });
    if (!manifest) return {};
    const { mediaType, digest, size } = manifest;
    return { 'cache.manifest': JSON.stringify({ mediaType, digest, size }) };
  } catch (error) {
    work.signal.throwIfAborted();
    if (!options.ignoreError) throw error;
    warn(`the cache is not exported: ${messageOf(error)}`);
    return {};
  }
}

/** The records that go into the config of the image that is the source's root; undefined if no layer of it has one. */
export async function inlineCache(
  { layers, ...how }: CompressionOptions & { readonly layers: readonly LayerBlob[] },
  from: {
    readonly source: ExportSource;
    readonly cache: Cache;
    readonly name: string;
    readonly options: InlineOptions;
  },
  work: Work,
): Promise<Buffer | undefined> {
  const warn = (message: string) => tell(work, { code: 'cache/export', file: from.name, message });
  try {
    const collected = await collectRecords([from.source], { mode: 'min', ...how, cache: from.cache }, work);
    const { inlineRecords } = await import('./inline.ts');
    const records = inlineRecords(collected, layers);
    if (!records) warn('the image has no cache inside: no step has a result that consists of its layers');
    return records;
  } catch (error) {
    work.signal.throwIfAborted();
    if (!from.options.ignoreError) throw error;
    warn(`the image has no cache inside: ${messageOf(error)}`);
    return undefined;
  }
}

function tell(work: Work, what: { readonly code: string; readonly file: string; readonly message: string }): void {
  work.report({ kind: 'warning', at: Date.now(), diagnostic: { severity: 'warning', ...what } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
