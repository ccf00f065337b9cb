import type { ImmutableRef } from '../cache/ref.ts';
import type { SolveRequest } from '../engine.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { Work } from '../progress/work.ts';
import type { CacheStore } from '../solver/cache-store.ts';
import type { Vertex } from '../solver/vertex.ts';
import type { OpenGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';

/** The caches that a build's requests import and export. */
export interface Caches extends AsyncDisposable {
  /** The engine's own store, with what is imported behind it. */
  readonly store: CacheStore<ImmutableRef>;
  /** Fails if what this request asks of caches cannot be. */
  check(request: number): Promise<void>;
  /** Exports what led to a request's images, and gives the answers by BuildKit's keys. */
  export(request: number, images: SolvedImages, work: Work): Promise<Readonly<Record<string, string>>>;
}

export interface SolvedImages {
  readonly roots: OpenGraph['graph']['roots'];
  readonly solver: OpenGraph['solver'];
}

/** Undefined where no request asks for any: then nothing of this is loaded. */
export function openCaches(
  requests: readonly SolveRequest[],
  { cache, store: own, exportDeps }: Pick<Parts, 'cache' | 'store' | 'exportDeps'>,
  work: Work,
): Caches | undefined {
  if (requests.every(({ cacheFrom, cacheTo }) => cacheFrom.length + cacheTo.length === 0)) return undefined;
  const deps = { cache, registries: async () => (await exportDeps()).registries };
  const room = import('../remote-cache/remote-cache.ts');
  const wanted = requests.map(async (request) => (await room).readCaches(request));
  const imported = importAll();
  for (const promise of [...wanted, imported]) promise.catch(() => undefined); // whoever needs one awaits it
  return {
    store: deferred(imported.then(({ store }) => store)),
    async check(request) {
      await wanted[request];
    },
    async export(request, { roots, solver }, each) {
      const { exportCache } = await room;
      const { exports } = await wanted[request]!;
      const edges = roots.filter((root) => root !== undefined);
      const from = {
        solved: solver,
        wanted: (vertex: Vertex) => (vertex as GraphVertex).metadata.exportCache !== false,
        account: requests[request]!.session,
        damaged: (await imported).damaged,
        ...deps,
      };
      const answers: Record<string, string> = {};
      for (const options of exports) Object.assign(answers, await exportCache(edges, options, from, each));
      return answers;
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
      const places = each.status === 'fulfilled' ? each.value.imports : [];
      return places.map((place) => ({ place, account: requests[i]!.session }));
    });
    return (await room).importCaches(entries, { own, ...deps }, work);
  }
}

/** A store that is not there yet. */
function deferred<R>(store: Promise<CacheStore<R>>): CacheStore<R> {
  return {
    query: async (question) => (await store).query(question),
    load: async (keys) => (await store).load(keys),
    save: async (...given) => (await store).save(...given),
    link: async (key, question) => (await store).link(key, question),
    kept: async (key) => (await store).kept(key),
    claim: async (key, options) => (await store).claim(key, options),
  };
}
