// What a build would do with each vertex of the merged graph: asked of the solver, by the same keys as the build's own.
// Folders are looked at and caches elsewhere are asked for their records; nothing is run, fetched or kept.

import { selectedSize } from '../cache/content-hash/checksum.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Defined } from '../engine.ts';
import { opKey } from '../llb/cache-key.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { Digest } from '../oci/digest.ts';
import type { Download } from '../progress/download.ts';
import type { Work } from '../progress/work.ts';
import type { AskedCache } from '../remote-cache/remote-cache.ts';
import type { Foreseen } from '../solver/foresight.ts';
import type { Outlook } from '../solver/vertex.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { importing, openCaches } from './caches.ts';
import { expectedSteps, expectedTime, type ExpectedStep, type ExpectedTime } from './expected-time.ts';
import { openToLook, type Reach } from './look.ts';
import type { OpenGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { isWork, settled, type Settled } from './settled.ts';
import { SharedExports } from './shared-exports.ts';

export interface Forecast {
  /** By digest in the merged graph. */
  readonly steps: ReadonlyMap<Digest, StepForecast>;
  /** The caches that the requests import. */
  readonly caches: readonly AskedCache[];
  readonly time: ExpectedTime;
}

export interface StepForecast {
  readonly outlook: Outlook;
  /** Whether anything that runs or may run reads it, or it is what was asked for. */
  readonly needed: boolean;
  /** The digest of a step before it that does the very same work, whose result will do: then this one is a `hit`. */
  readonly sameAs?: Digest;
  /** The name of the cache that a hit has to be fetched from; undefined if it is here. */
  readonly from?: string;
  /** How long it takes, where it runs or may run. */
  readonly expected?: ExpectedStep;
  /** What it would fetch, where it is needed. */
  readonly downloads: readonly Download[];
  /** Bytes of the client's files that it would read, where it runs or may run. */
  readonly bytesRead: number;
}

/** A source that can't be reached has to be fetched: `run`. Fails where a request asks of caches what cannot be. */
export async function forecast(
  defined: readonly Defined[],
  { reach, ...parts }: Parts & { readonly reach: Reach },
  work: Work,
): Promise<Forecast> {
  if (defined.length === 0) return { steps: new Map(), caches: [], time: { wall: 0, steps: 0, withoutHistory: 0 } };
  const quiet = { signal: work.signal, report: () => undefined };
  const requests = defined.map((each) => ({ ...importing(each), cacheTo: [] }));
  await using caches =
    reach === 'asking' ? openCaches(requests, parts, { work: quiet, shared: new SharedExports() }) : undefined;
  for (const i of caches ? requests.keys() : []) await caches!.check(i);
  // What is looked into has to be here: results elsewhere are not taken.
  const store = caches ? { ...caches.store, load: parts.store.load.bind(parts.store) } : parts.store;
  await using open = openToLook(defined, { ...parts, store, reach }, work);
  const foreseen = await foreseeAll(open, work);
  const needed = neededOf(open, foreseen);
  const working = settled(
    new Map(
      open.graph.vertices
        .filter(({ digest }) => needed.has(digest) && isWork(foreseen.get(digest)!))
        .map((vertex) => [vertex, foreseen.get(vertex.digest)!] as const),
    ),
  );
  const runs = [...working].flatMap(([vertex, each]) => (isWork(each) ? [{ vertex, outlook: each.outlook }] : []));
  const expected = expectedSteps(runs, open);
  const steps = await Promise.all(
    open.graph.vertices.map(async (vertex): Promise<[Digest, StepForecast]> => {
      const { outlook, elsewhere, sameAs }: Settled = working.get(vertex) ?? foreseen.get(vertex.digest)!;
      const wanted = needed.has(vertex.digest);
      const runs = wanted && isWork({ outlook });
      return [
        vertex.digest,
        {
          outlook,
          needed: wanted,
          ...(elsewhere && { from: elsewhere.name }),
          ...(sameAs && { sameAs: sameAs.digest }),
          ...(runs && { expected: expected.get(vertex)! }),
          downloads: wanted && !sameAs ? await orNone(open.solver.downloads({ vertex, index: 0 }), [], work) : [],
          bytesRead: runs ? await orNone(bytesRead(vertex, open, work), 0, work) : 0,
        },
      ];
    }),
  );
  return { steps: new Map(steps), caches: (await caches?.asked()) ?? [], time: await expectedTime(expected, open) };
}

async function foreseeAll({ graph, solver }: OpenGraph, work: Work): Promise<ReadonlyMap<Digest, Foreseen>> {
  const run: Foreseen = { outlook: 'run', keys: [] };
  const each = graph.vertices.map(
    async (vertex) => [vertex.digest, await orNone(solver.foresee({ vertex, index: 0 }), run, work)] as const,
  );
  return new Map(await Promise.all(each));
}

/** An answer, or another where the vertex can't be asked; the build says what is wrong with it. */
async function orNone<T>(answer: Promise<T>, otherwise: T, { signal }: Pick<Work, 'signal'>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (signal.aborted || !failedOf(error, 'vertex') || isBug((error as Error).cause)) throw error;
    return otherwise;
  }
}

/** Whether nobody foresaw that error: it is none of ours, nor the system's. */
function isBug(error: unknown): boolean {
  return error instanceof Error && !(error instanceof Failed) && !('code' in error);
}

/** What only vertices read that are kept already is not needed. */
function neededOf({ graph }: OpenGraph, foreseen: ReadonlyMap<Digest, Foreseen>): ReadonlySet<Digest> {
  const needed = new Set<Digest>();
  const pending = graph.roots.flatMap((root) => root?.vertex ?? []);
  for (let vertex = pending.pop(); vertex; vertex = pending.pop()) {
    if (needed.has(vertex.digest)) continue;
    needed.add(vertex.digest);
    if (foreseen.get(vertex.digest)!.outlook !== 'hit') pending.push(...vertex.inputs.map((input) => input.vertex));
  }
  return needed;
}

/** Bytes of the files that a vertex selects in folders which are read where they lie. */
async function bytesRead({ op, inputs }: GraphVertex, { solver }: OpenGraph, work: Work): Promise<number> {
  if (op.kind === 'source') return 0;
  const { deps } = opKey(op);
  const each = inputs.map(async (edge, i) => {
    const content = deps[i]?.content;
    if (!content || (await solver.foresee(edge)).outlook !== 'look') return 0;
    await using ref: ImmutableRef = await solver.solve(edge);
    const selectors = content.length > 0 ? content : [{ path: '/' }];
    const sum = ref.tree?.answer(
      (root) => selectors.reduce((bytes, { path, ...options }) => bytes + selectedSize(root, path, options), 0),
      work,
    );
    return (await sum) ?? 0;
  });
  return (await Promise.all(each)).reduce((a, b) => a + b, 0);
}
