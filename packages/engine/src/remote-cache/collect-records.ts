import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, LayerBlob } from '../cache/ref.ts';
import type { Work } from '../progress/work.ts';
import { cacheRecords } from '../solver/records.ts';
import type { Solver } from '../solver/solver.ts';
import type { Edge, Vertex } from '../solver/vertex.ts';
import { type CacheConfig, type ConfigResult, downFrom } from './cache-config.ts';
import { LayerForest } from './layer-forest.ts';
import type { ExportOptions } from './options.ts';

/** Images, and the solver that brought them about. */
export interface ExportSource {
  readonly roots: readonly Edge[];
  readonly solved: Pick<Solver<ImmutableRef, never>, 'keyed' | 'known'>;
  /** What of its vertices may leave this machine. */
  readonly wanted: (vertex: Vertex) => boolean;
  /** Names of imported caches from which it could not take some result. */
  readonly damaged: ReadonlySet<string>;
}

/** What an export takes away. */
export interface CollectedCache {
  readonly config: CacheConfig;
  /** Each blob of the config's layers once, in the order of their digests. */
  readonly blobs: readonly LayerBlob[];
}

/**
 * The records that lead to the roots of all sources and the blobs of their results. Results of sources of the graph are
 * left out, they can be had where they came from, and so are those of vertices that are not `wanted`. Nothing is run;
 * what is not packed yet is packed in mode `max`, and in mode `min` for the results nearest to the roots.
 */
export async function collectRecords(
  sources: readonly ExportSource[],
  {
    cache,
    mode,
    compression,
    level,
    force,
  }: Pick<ExportOptions, 'mode' | 'compression' | 'level' | 'force'> & { readonly cache: Cache },
  work: Work,
): Promise<CollectedCache> {
  const roots = sources.flatMap((source) => source.roots);
  const owners = ownersOf(sources);
  const records = await cacheRecords(roots, (edge) => owners.get(edge.vertex)!.solved.keyed(edge));
  const how = { compression, force, ...(level !== undefined && { level }) };
  const exported = (vertex: Vertex) => vertex.inputs.length > 0 && owners.get(vertex)!.wanted(vertex);
  const nearest = mode === 'min' ? nearestTo(roots, exported) : undefined;
  const forest = new LayerForest();
  const results = await Promise.all(
    records.map(async ({ edges }) => {
      const found = await Promise.all(
        edges.map(async (edge) => {
          const known = exported(edge.vertex) ? await owners.get(edge.vertex)!.solved.known(edge) : undefined;
          if (!known) return [];
          const pack = !nearest || nearest.has(nameOf(edge));
          const { result, createdAt } = known;
          const blobs = pack ? await result.blobs({ ...how, ...work }) : await cache.keptBlobs(result, how);
          return blobs && blobs.length > 0 ? [{ blobs, createdAt }] : [];
        }),
      );
      return found.flat().sort((a, b) => b.createdAt - a.createdAt)[0];
    }),
  );
  const chains = results.map((result) => result && { name: forest.add(result.blobs), createdAt: result.createdAt });
  const { layers, places } = forest.sorted();
  const config = {
    layers,
    records: records.map(({ digest, inputs = [] }, i) => {
      const chain = chains[i];
      const kept: ConfigResult[] = chain
        ? [{ layers: downFrom(places.get(chain.name)!, layers), createdAt: chain.createdAt }]
        : [];
      return { digest, inputs, results: kept };
    }),
  };
  return { config, blobs: forest.blobs() };
}

/** Whose solver knows a vertex. */
function ownersOf(sources: readonly ExportSource[]): ReadonlyMap<Vertex, ExportSource> {
  const owners = new Map<Vertex, ExportSource>();
  for (const source of sources) {
    const open = source.roots.map(({ vertex }) => vertex);
    for (let vertex = open.pop(); vertex; vertex = open.pop()) {
      if (owners.has(vertex)) continue;
      owners.set(vertex, source);
      open.push(...vertex.inputs.map((input) => input.vertex));
    }
  }
  return owners;
}

/** The first edges on every way from the roots whose results are exported. */
function nearestTo(roots: readonly Edge[], exported: (vertex: Vertex) => boolean): ReadonlySet<string> {
  const nearest = new Set<string>();
  const seen = new Set<string>();
  const open = [...roots];
  for (let edge = open.pop(); edge; edge = open.pop()) {
    const name = nameOf(edge);
    if (seen.has(name)) continue;
    seen.add(name);
    if (exported(edge.vertex)) nearest.add(name);
    else open.push(...edge.vertex.inputs);
  }
  return nearest;
}

function nameOf({ vertex, index }: Edge): string {
  return `${vertex.digest}@${index}`;
}
