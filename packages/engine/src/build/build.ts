// One build from requests to results: all definitions are merged into one graph, each request's images are solved in
// it, and exported as soon as they are there. This room knows neither command lines nor workspaces.

import { readAttestOptions, type AttestOptions } from '../attestation/attest-options.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Build, Defined, ExportRequest, SolveOptions, SolveRequest, SolveResponse } from '../engine.ts';
import type { Exporter, ExportImage, Made } from '../exporter/exporter.ts';
import type { Event } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import type { Job } from '../session/job.ts';
import type { CacheRecord } from '../solver/records.ts';
import { Failed } from '../std/failed.ts';
import type { Attested } from './attest.ts';
import { Behind } from './behind.ts';
import { importing, openCaches } from './caches.ts';
import { checkEntitlements } from './entitlements.ts';
import { FailedSteps } from './failed-steps.ts';
import type { BuildFailure } from './failure.ts';
import { emptyForcedMounts } from './forced-mounts.ts';
import { tellForeseen } from './foreseen.ts';
import { requestKeys, type SolvedRequest } from './keys.ts';
import { openGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';
import { SharedExports } from './shared-exports.ts';
import { Stopwatch } from './stopwatch.ts';

export function openBuild(parts: Parts, work: Work): Build {
  const open = new AsyncDisposableStack();
  const shared = new SharedExports();
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const solved = new Map<string, SolvedRequest>();
  const failed = new FailedSteps();
  return {
    solve(defined, { keepGoing = true, foresee = false, next } = {}) {
      const job = { signal, report: (event: Event) => failed.isToldAgain(event) || work.report(event) };
      const responses = solveAll(defined, parts, job, { open, shared, solved, failed, foresee, next });
      for (const [i, response] of responses.entries()) {
        response.catch((error: unknown) => {
          const because = defined[i]!.request.id;
          const message = `stopped because ${because} failed`;
          if (!keepGoing && !signal.aborted)
            stop.abort(new Failed<BuildFailure>({ kind: 'stopped', because, message }, { cause: error }));
        });
      }
      return responses;
    },
    keys: (id) => {
      const request = solved.get(id);
      return request ? requestKeys(request) : [];
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Solves a request and gives the cache records that lead to its images, exporting nothing. */
export async function recordsOf(
  { images, request, lenders }: Defined,
  parts: Parts,
  work: Work,
): Promise<readonly CacheRecord[]> {
  const { session } = request;
  const wanted = images.map(({ definition }) => ({ definition, client: request, lenders }));
  await using open = openGraph(wanted, parts, { signal: work.signal, report: (event) => work.report(event), session });
  const roots = open.graph.roots.filter((root) => root !== undefined);
  await Promise.all(roots.map(async (root) => (await open.solver.solve(root))[Symbol.asyncDispose]()));
  await open.solver.settle();
  const records = await open.solver.records(roots, { bringAbout: true });
  return records.map(({ digest, inputs }) => ({ digest, ...(inputs && { inputs }) }));
}

function solveAll(
  defined: readonly Defined[],
  parts: Parts,
  work: Work,
  {
    open,
    shared,
    solved,
    failed,
    foresee,
    next: waiting,
  }: {
    readonly open: AsyncDisposableStack;
    readonly shared: SharedExports;
    readonly solved: Map<string, SolvedRequest>;
    readonly failed: FailedSteps;
    readonly foresee: boolean;
    readonly next: SolveOptions['next'];
  },
): readonly Promise<SolveResponse>[] {
  if (defined.length === 0) return [];
  const jobs = defined.map(({ request }): Job => ({ ...work, session: request.session }));
  const stopwatches = defined.map(({ request }) => stopwatchOf(request));
  const paths = waiting && new Behind(waiting, parts.estimate);
  const wanted = defined.flatMap(({ images, request, lenders }, i) => {
    const behind = () => paths?.of(request.id) ?? 0;
    return images.map(({ definition }) => ({
      definition,
      client: request,
      lenders,
      stopwatch: stopwatches[i],
      behind,
    }));
  });
  const caches = openCaches(defined.map(importing), parts, { work, shared });
  if (caches) open.use(caches);
  const opened = open.use(openGraph(wanted, caches ? { ...parts, store: caches.store } : parts, jobs[0]!, failed));
  const { graph, solver } = opened;
  const owners = defined.flatMap(({ images, request }) => images.map(() => request.id));
  work.report({
    kind: 'graph-merged',
    at: Date.now(),
    vertices: graph.vertices.map(({ digest: vertex, name, inputs, source, owners: parts }) => ({
      vertex,
      name,
      inputs: inputs.map((input) => input.vertex.digest),
      wantedBy: [...new Set(parts.map((part) => owners[part]!))],
      uses: parts.length,
      ...(source && { source }),
    })),
  });
  const startedAt = Date.now();
  const ready = emptyForcedMounts(graph, parts.cache);
  const foreseen = foresee ? tellForeseen(opened, work) : undefined;
  let next = 0;
  return defined.map(async (each, i) => {
    const first = next;
    next += each.images.length;
    solved.set(each.request.id, { defined: each, open: { graph, solver }, first });
    const { request, images } = each;
    const owned = new Set(images.map((_, image) => first + image));
    for (const vertex of graph.vertices) {
      if (!vertex.owners.some((owner) => owned.has(owner))) continue;
      const { entitlements } = each.lenders?.get(vertex.written) ?? request;
      await checkEntitlements(vertex, entitlements, parts);
    }
    const attests = readAttestOptions(request.source.options ?? {});
    await caches?.check(i);
    await ready;
    await foreseen;
    const exporters = await Promise.all(request.exports.map((wanted) => exporterOf(wanted, parts, work)));
    await using trees = new AsyncDisposableStack();
    const refs = await Promise.all(
      images.map(async (_, image) => {
        const root = graph.roots[first + image];
        if (!root) return trees.use(parts.cache.scratch.clone());
        const solving = solver.solve(root);
        return trees.use(await (stopwatches[i]?.bound(solving) ?? solving));
      }),
    );
    await solver.settle();
    const attested = await attestAll(each, refs, attests, parts, jobs[i]!);
    const roots = graph.roots.slice(first, first + images.length);
    const inline = await Promise.all(
      refs.map((ref, image) => caches?.inline(i, { root: roots[image], ref, solver }, jobs[i]!)),
    );
    const response = await exportAll(each, { refs, attested, inline, startedAt }, exporters, parts, jobs[i]!);
    if (!caches) return response;
    const cached = await caches.export(i, { roots, solver }, jobs[i]!);
    return { ...response, exported: { ...response.exported, ...cached } };
  });
}

function stopwatchOf({ id, steps }: SolveRequest): Stopwatch | undefined {
  return steps?.timeout === undefined ? undefined : new Stopwatch(id, steps.timeout);
}

/** What the request and its frontend want to be said of its images; nothing is loaded where that is nothing. */
async function attestAll(
  defined: Defined,
  refs: readonly ImmutableRef[],
  options: AttestOptions,
  parts: Parts,
  job: Job,
): Promise<Attested | undefined> {
  const { provenance, sbom } = options;
  const stated = defined.images.some(({ attestations }) => attestations !== undefined);
  if (!provenance && !sbom && !stated && defined.request.answerProvenance === undefined) return undefined;
  const { attest } = await import('./attest.ts');
  return attest(defined, refs, options, parts, job);
}

interface Solved {
  readonly refs: readonly ImmutableRef[];
  readonly attested: Attested | undefined;
  readonly inline: readonly ExportImage['inlineCache'][];
  /** Unix milliseconds. */
  readonly startedAt: number;
}

async function exportAll(
  { request, images, multiPlatform, metadata }: Defined,
  { refs, attested, inline, startedAt }: Solved,
  exporters: readonly Exporter[],
  parts: Parts,
  job: Job,
): Promise<SolveResponse> {
  const results = images.map(({ platform, config, baseConfig, epoch }, i) => ({
    platform,
    ref: refs[i]!,
    ...(config && { config }),
    ...(baseConfig && { baseConfig }),
    ...(epoch !== undefined && { epoch }),
    ...(attested && { attestations: attested.attestations[i]! }),
    ...(inline[i] && { inlineCache: inline[i] }),
  }));
  const made: Made[] = [];
  for (const [i, { type, attrs: asked, destination }] of request.exports.entries()) {
    const attrs = annotated.has(type) ? { ...annotationsOf(metadata), ...asked } : asked;
    const input = { images: results, multiPlatform, attrs, startedAt, ...(destination && { destination }) };
    made.push(await exporters[i]!.make(input, await parts.exportDeps(), job));
  }
  // Everything is made before anything is sent away.
  await Promise.all(made.map((each) => each.finalise?.()));
  const image = made.find(({ digest }) => digest);
  return {
    id: request.id,
    exported: Object.assign({}, ...made.map(({ response }) => response)),
    ...(image?.digest && { digest: image.digest }),
    ...(image?.size !== undefined && { size: image.size }),
    ...(attested?.provenance && { provenance: attested.provenance }),
  };
}

/** Exporters of what has room for annotations. */
const annotated: ReadonlySet<ExportRequest['type']> = new Set(['image', 'oci']);

/** Annotations that the frontend gives, by the names that exporters have for them. */
function annotationsOf(metadata: Defined['metadata']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => /^annotation[.[-]/.test(key)));
}

/** The exporter, which has looked at its attributes before anything is built. */
async function exporterOf(wanted: ExportRequest, parts: Parts, work: Pick<Work, 'signal'>): Promise<Exporter> {
  const exporter = await parts.exporter(wanted.type);
  if (!exporter) {
    const message = `there is no exporter ${JSON.stringify(wanted.type)}: use image, oci, docker, tar or local`;
    throw new Failed<BuildFailure>({ kind: 'exporter-unknown', exporter: wanted.type, message });
  }
  await exporter.check(wanted, work);
  return exporter;
}
