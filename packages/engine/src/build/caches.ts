import type { ImmutableRef } from '../cache/ref.ts';
import type { Defined, SolveRequest } from '../engine.ts';
import type { ExportImage } from '../exporter/exporter.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { Work } from '../progress/work.ts';
import type { AskedCache } from '../remote-cache/remote-cache.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { Edge, Vertex } from '../solver/vertex.ts';
import { parseGoBool } from '../std/go-bool.ts';
import type { OpenGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';
import type { SharedExports } from './shared-exports.ts';

/** The caches that a build's requests import and export. */
export interface Caches extends AsyncDisposable {
  /** The engine's own store, with what is imported behind it. */
  readonly store: CacheStore<ImmutableRef>;
  /** The caches that are imported, and what became of asking them so far. */
  asked(): Promise<readonly AskedCache[]>;
  /** Fails if what this request asks of caches cannot be. */
  check(request: number): Promise<void>;
  /** What gives the records for the config of a request's image; undefined if it wants none. */
  inline(request: number, image: SolvedImage, work: Work): Promise<ExportImage['inlineCache']>;
  /** Exports what led to a request's images, and gives the answers by BuildKit's keys. */
  export(request: number, images: SolvedImages, work: Work): Promise<Readonly<Record<string, string>>>;
}

export interface SolvedImages {
  readonly roots: OpenGraph['graph']['roots'];
  readonly solver: OpenGraph['solver'];
}

export interface SolvedImage {
  readonly root: Edge | undefined;
  readonly ref: ImmutableRef;
  readonly solver: OpenGraph['solver'];
}

/** The request with what its frontend imports beside it. */
export function importing({ request, imports = [] }: Defined): SolveRequest {
  return { ...request, cacheFrom: [...request.cacheFrom, ...imports] };
}

/** Undefined where no request asks for any: then nothing of this is loaded. */
export function openCaches(
  requests: readonly SolveRequest[],
  { cache, store: own, exportDeps, env }: Pick<Parts, 'cache' | 'store' | 'exportDeps' | 'env'>,
  { work, shared }: { readonly work: Work; readonly shared: SharedExports },
): Caches | undefined {
  const asked = requests.map(withInlineArg);
  if (asked.every(({ cacheFrom, cacheTo }) => cacheFrom.length + cacheTo.length === 0)) return undefined;
  const deps = { cache, registries: async () => (await exportDeps()).registries() };
  const room = import('../remote-cache/remote-cache.ts');
  const wanted = asked.map(async (request) => (await room).readCaches(request, env));
  const imported = importAll();
  for (const promise of [...wanted, imported]) promise.catch(() => undefined); // whoever needs one awaits it
  return {
    store: deferred(imported.then(({ store }) => store)),
    asked: async () => (await imported).asked(),
    async check(request) {
      await wanted[request];
    },
    async inline(request, { root, ref, solver }, each) {
      const { inline: options } = await wanted[request]!;
      if (!options || !root) return undefined;
      const { inlineCache } = await room;
      const source = { roots: [root], ...sourceOf(solver) };
      const from = { source, cache, options, name: requests[request]!.id };
      return async (how) => inlineCache({ ...how, layers: await ref.blobs({ ...how, ...each }) }, from, each);
    },
    async export(request, { roots, solver }, each) {
      const { exports } = await wanted[request]!;
      if (exports.length === 0) return {};
      const { exportCache, placeOf } = await room;
      const { damaged } = await imported;
      const account = requests[request]!.session;
      const source = { roots: roots.filter((root) => root !== undefined), ...sourceOf(solver), damaged };
      const answers = await Promise.all(
        exports.map((options) =>
          shared.add(placeOf(options, account), source, (sources) =>
            exportCache(sources, options, { ...deps, account }, each),
          ),
        ),
      );
      return Object.assign({}, ...answers) as Record<string, string>;
    },
    async [Symbol.asyncDispose]() {
      const [opened] = await Promise.allSettled([imported]);
      if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
    },
  };

  async function importAll() {
    const settled = await Promise.allSettled(wanted);
    // A request that asks for what cannot be is told so by itself.
    const entries = settled.flatMap((each, i) => {
      const imports = each.status === 'fulfilled' ? each.value.imports : [];
      return imports.map((options) => ({ options, account: requests[i]!.session }));
    });
    return (await room).importCaches(entries, { own, ...deps }, work);
  }
}

function sourceOf(solver: OpenGraph['solver']) {
  const wanted = (vertex: Vertex) => (vertex as GraphVertex).metadata.exportCache !== false;
  return { solved: solver, wanted, damaged: new Set<string>() };
}

/** `--build-arg BUILDKIT_INLINE_CACHE=1` is an older way to ask for `type=inline`. */
function withInlineArg({ source, cacheFrom, cacheTo }: SolveRequest): Pick<SolveRequest, 'cacheFrom' | 'cacheTo'> {
  const arg = source.kind === 'frontend' ? source.options['build-arg:BUILDKIT_INLINE_CACHE'] : undefined;
  const asks = arg !== undefined && parseGoBool(arg) && cacheTo.every(({ type }) => type !== 'inline');
  return { cacheFrom, cacheTo: asks ? [...cacheTo, { type: 'inline', attrs: {} }] : cacheTo };
}

/** A store that is not there yet. */
function deferred<R>(store: Promise<CacheStore<R>>): CacheStore<R> {
  return {
    query: async (question) => (await store).query(question),
    load: async (...given) => (await store).load(...given),
    save: async (...given) => (await store).save(...given),
    link: async (key, question) => (await store).link(key, question),
    kept: async (key) => (await store).kept(key),
    claim: async (key, options) => (await store).claim(key, options),
  };
}
