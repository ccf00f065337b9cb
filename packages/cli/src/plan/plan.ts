// What a build would do, as data: nothing is run, fetched or kept for it.

import { availableParallelism } from 'node:os';
import type { AskedCache, ExpectedTime, SourcePlace, StepForecast } from '@monokit/engine';
import { toldPath } from '../graph/critical.ts';
import type { StepKind } from '../graph/details.ts';
import { mergedGraph, type MergedGraph, type ShownStep } from '../graph/graph.ts';
import { labelsOf } from '../graph/step-label.ts';
import { ownerOf } from '../runs/owner.ts';
import { defineImages, type DefinedImages, type ShowInvocation } from '../tasks/defined-images.ts';
import { isInternal } from '../ui/model.ts';
import { downloadsOf } from './downloads.ts';
import { uploadedSteps } from './uploads.ts';

/** What `cli plan --json` prints. There may be more fields one day; none changes its meaning while `version` stays. */
export interface Plan {
  readonly version: 1;
  readonly images: readonly PlannedImage[];
  /** Inputs before what reads them. */
  readonly steps: readonly PlannedStep[];
  /** The caches of `--cache-from`, with why they could not be asked. */
  readonly caches: readonly AskedCache[];
  readonly totals: Totals;
  readonly time: PlannedTime;
}

export interface PlannedImage {
  readonly id: string;
  readonly run: number;
  readonly unknown: number;
  /** Here or in a cache elsewhere; steps that only such steps need, too. */
  readonly cached: number;
}

export interface PlannedStep extends Omit<ShownStep, 'inputs' | 'source'> {
  readonly source?: SourcePlace;
  readonly kind: StepKind;
  /**
   * `unknown`: it runs unless what a step before it makes, or what has to be fetched first, is what it was before.
   * `needless`: nobody asks for it, because what reads it is cached.
   */
  readonly outlook: 'run' | 'unknown' | 'cached' | 'needless';
  /** Of a cached one: where its result is. */
  readonly from?: 'local' | 'remote';
  /** Of a local one that is not there yet: the digest of the step that makes it, because it does the same work. */
  readonly sameAs?: string;
  /** Of a remote one: the name of the cache. */
  readonly cache?: string;
  /** What is fetched for it; what several steps need counts for the first. */
  readonly bytesDown?: number;
  /** Of files in contexts that it reads. */
  readonly bytesRead?: number;
  /** Of the files in the layers that it makes, uncompressed: as many as when it last ran; absent without history. */
  readonly bytesMade?: number;
  /** Those of them that go to registries and caches elsewhere; what goes to several counts once. */
  readonly bytesUp?: number;
  /** How long it took when it last ran, in milliseconds; absent without history. */
  readonly durationMs?: number;
}

/** How long what runs or may run will take. For steps without history it is what is usual for their kind. */
export interface PlannedTime {
  /** From the start of the first step to the end of the last. */
  readonly wallMs: number;
  /** Processors that they share. */
  readonly cpus: number;
  readonly stepsWithoutHistory: number;
  /** The chain of steps that can't be quicker: their digests, and the images and stages that they are in. */
  readonly criticalPath: {
    readonly durationMs: number;
    readonly steps: readonly string[];
    readonly labels: readonly string[];
  };
}

/** Sums over the steps. */
export interface Totals {
  readonly run: number;
  readonly unknown: number;
  readonly cachedLocal: number;
  readonly cachedRemote: number;
  readonly needless: number;
  readonly bytesDown: number;
  readonly bytesRead: number;
  readonly bytesMade: number;
  readonly bytesUp: number;
}

/** Asks what building the chosen images would do. */
export async function planOf(invocation: ShowInvocation, positionals: readonly string[]): Promise<Plan> {
  await using scope = new AsyncDisposableStack();
  return await planOfImages(await defineImages(invocation, positionals, scope), invocation);
}

/** The same for images that are defined already. */
export async function planOfImages(images: DefinedImages, { signal }: Pick<ShowInvocation, 'signal'>): Promise<Plan> {
  const [graph, { steps: forecast, caches, time }] = await Promise.all([
    mergedGraph(images),
    images.engine.forecast(images.defined, { reach: 'asking', signal, report: () => undefined }),
  ]);
  const steps = plannedSteps(graph, forecast, uploadedSteps(graph, images.defined));
  return {
    version: 1,
    images: plannedImages(graph, steps),
    steps,
    caches,
    totals: totalsOf(steps),
    time: plannedTime(graph, { forecast, time, folderOf: images.folderOf }),
  };
}

function plannedTime(
  { steps, vertices }: MergedGraph,
  {
    forecast,
    time: { wall, withoutHistory },
    folderOf,
  }: {
    readonly forecast: ReadonlyMap<string, StepForecast>;
    readonly time: ExpectedTime;
    readonly folderOf: DefinedImages['folderOf'];
  },
): PlannedTime {
  const nodes = steps.map((step, i) => ({
    ...step,
    image: ownerOf(step.images, vertices[i]!.source?.folder, folderOf) ?? '',
    took: forecast.get(step.digest)!.expected?.duration ?? 0,
  }));
  const path = toldPath(nodes, ({ took }) => took);
  return {
    wallMs: wall,
    cpus: availableParallelism(),
    stepsWithoutHistory: withoutHistory,
    criticalPath: {
      durationMs: path.reduce((sum, { took }) => sum + took, 0),
      steps: path.map(({ digest }) => digest),
      labels: labelsOf(path),
    },
  };
}

function plannedSteps(
  { steps, vertices }: MergedGraph,
  forecast: ReadonlyMap<string, StepForecast>,
  uploaded: ReadonlySet<string>,
): readonly PlannedStep[] {
  const down = downloadsOf(steps.map(({ digest }) => [digest, forecast.get(digest)!.downloads]));
  return steps.flatMap(({ inputs: _inputs, source: _source, ...step }, i): PlannedStep[] => {
    if (isInternal(step)) return [];
    const { op, source } = vertices[i]!;
    const foreseen = forecast.get(step.digest)!;
    const bytesDown = down.get(step.digest);
    const { seen, duration, made = 0 } = foreseen.expected ?? {};
    return [
      {
        ...step,
        ...(source && { source }),
        kind: op.kind,
        ...outlookOf(foreseen),
        ...(bytesDown !== undefined && { bytesDown }),
        ...(foreseen.bytesRead > 0 && { bytesRead: foreseen.bytesRead }),
        ...(made > 0 && { bytesMade: made, ...(uploaded.has(step.digest) && { bytesUp: made }) }),
        ...(seen && duration! > 0 && { durationMs: Math.round(duration!) }),
      },
    ];
  });
}

function outlookOf({
  outlook,
  needed,
  from,
  sameAs,
}: StepForecast): Pick<PlannedStep, 'outlook' | 'from' | 'sameAs' | 'cache'> {
  if (outlook === 'hit') {
    if (from !== undefined) return { outlook: 'cached', from: 'remote', cache: from };
    return { outlook: 'cached', from: 'local', ...(sameAs && { sameAs }) };
  }
  if (!needed || outlook === 'look') return { outlook: 'needless' };
  return { outlook: outlook === 'open' ? 'unknown' : 'run' };
}

function plannedImages({ images }: MergedGraph, steps: readonly PlannedStep[]): readonly PlannedImage[] {
  return images
    .filter((image) => image.steps.length > 0)
    .map(({ id }) => {
      const own = steps.filter((step) => step.images.includes(id));
      const of = (outlook: PlannedStep['outlook']) => own.filter((step) => step.outlook === outlook).length;
      return { id, run: of('run'), unknown: of('unknown'), cached: of('cached') + of('needless') };
    });
}

function totalsOf(steps: readonly PlannedStep[]): Totals {
  const of = (outlook: PlannedStep['outlook'], from?: PlannedStep['from']) =>
    steps.filter((step) => step.outlook === outlook && step.from === from).length;
  const sum = (count: (step: PlannedStep) => number | undefined) =>
    steps.reduce((total, step) => total + (count(step) ?? 0), 0);
  return {
    run: of('run'),
    unknown: of('unknown'),
    cachedLocal: of('cached', 'local'),
    cachedRemote: of('cached', 'remote'),
    needless: of('needless'),
    bytesDown: sum(({ bytesDown }) => bytesDown),
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesMade: sum(({ bytesMade }) => bytesMade),
    bytesUp: sum(({ bytesUp }) => bytesUp),
  };
}
