import type { Digest, RunEvent, SourcePlace } from '@monokit/engine';

/** What a run looks like right now. Renderers read it; `reduce` and `advance` are the only writers. */
export interface RunModel {
  readonly startedAt: number;
  /** Folder that Dockerfiles' names are relative to, by image: tells whose a step is. */
  readonly folders: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, ImageModel>;
  readonly steps: ReadonlyMap<Digest, StepModel>;
}

export type ImageState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'built' | 'cached'; readonly digest?: Digest; readonly size?: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** An image that it needs was not built: `because` failed, or is blocked itself. */
  | { readonly kind: 'blocked'; readonly because: string; readonly error?: unknown }
  /** Given up. */
  | { readonly kind: 'cancelled' };

export interface ImageModel {
  readonly id: string;
  readonly state: ImageState;
  /** When the first step that it wants was started. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly steps: readonly Digest[];
}

export type StepState = 'known' | 'waiting' | 'running' | 'cached' | 'done' | 'failed' | 'cancelled';

export interface StepModel {
  readonly vertex: Digest;
  readonly name: string;
  readonly state: StepState;
  /** Where it was found, of a cached one, where that was told. */
  readonly from?: 'local' | 'remote';
  readonly source?: SourcePlace;
  readonly inputs: readonly Digest[];
  /** Ids of the images whose graphs have it. */
  readonly wantedBy: readonly string[];
  /** How many images need it, each of their platforms counted. */
  readonly uses: number;
  /** Since when another build has been at the same work. */
  readonly waitingSince?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Bytes of the files in the layers that it made. */
  readonly made?: number;
  /** The last lines it wrote. */
  readonly tail: readonly string[];
  /** All lines it wrote, the unfinished last one included. */
  readonly lines: number;
  readonly progress: ReadonlyMap<string, { readonly current: number; readonly total?: number }>;
}

/** What the log of a step says between two attempts. */
export function retryLine({ attempt, attempts, message }: Extract<RunEvent, { kind: 'vertex-retried' }>): string {
  return `attempt ${attempt} of ${attempts}, because ${message}`;
}

/** A run of which nothing is told yet. */
export function emptyModel({
  ids,
  startedAt,
  folders,
}: Pick<RunModel, 'startedAt' | 'folders'> & { readonly ids: readonly string[] }): RunModel {
  const images = ids.map((id): [string, ImageModel] => [id, { id, state: { kind: 'waiting' }, steps: [] }]);
  return { startedAt, folders, images: new Map(images), steps: new Map() };
}

/** A step that did something: reading the context is none. */
export function isWork(step: StepModel | undefined): boolean {
  return step?.state === 'done' && step.startedAt !== undefined && !isInternal(step);
}

/** Whether a step is of this program's making, such as reading the context, and not of a Dockerfile's. */
export function isInternal({ name }: Pick<StepModel, 'name'>): boolean {
  return internal.test(name);
}

/** The names that frontends give it, with a platform where there are several. */
const internal = /^\[(?:\S+ )?internal\]|^\[context [^\]]+\] load (?:metadata|\.dockerignore)/;

/** The images' own steps: those that ran, those that a cache made needless, those that images or platforms share. */
export function tally(model: RunModel): {
  readonly run: number;
  readonly cached: number;
  /** Of the cached ones, those that came from a remote cache. */
  readonly fetched: number;
  readonly shared: number;
  readonly total: number;
} {
  const needless = needlessSteps(model);
  let [run, cached, fetched, shared, total] = [0, 0, 0, 0, 0];
  for (const step of model.steps.values()) {
    if (isInternal(step) || step.wantedBy.length === 0) continue;
    total++;
    if (step.uses > 1) shared++;
    if (isWork(step) || step.state === 'failed') run++;
    else if (step.state === 'cached' || needless.has(step.vertex)) cached++;
    if (step.from === 'remote') fetched++;
  }
  return { run, cached, fetched, shared, total };
}

/** The steps that were stopped at their work. */
export function stoppedSteps({ steps }: RunModel): readonly StepModel[] {
  return [...steps.values()].filter(
    (step) =>
      step.state === 'cancelled' && step.startedAt !== undefined && !isInternal(step) && step.wantedBy.length > 0,
  );
}

/** Bytes of the files in the layers that a run made. */
export function madeBytes(steps: Iterable<StepModel>): number {
  let sum = 0;
  for (const { made = 0 } of steps) sum += made;
  return sum;
}

/** Shared steps that ran: how many, how often they would have run without sharing, and the time that took nobody. */
export function sharing({ steps }: RunModel): { readonly ran: number; readonly uses: number; readonly saved: number } {
  let [ran, all, saved] = [0, 0, 0];
  for (const step of steps.values()) {
    if (!isWork(step) || step.uses < 2) continue;
    ran++;
    all += step.uses;
    saved += (step.uses - 1) * (step.endedAt! - step.startedAt!);
  }
  return { ran, uses: all, saved };
}

/** Steps of which nothing was told, because what reads them was there already. */
function needlessSteps({ steps }: RunModel): ReadonlySet<Digest> {
  const reached = new Set<Digest>();
  const open = [...steps.values()].filter(({ state }) => state !== 'known' && state !== 'cancelled');
  for (let step = open.pop(); step; step = open.pop()) {
    for (const vertex of step.inputs) {
      const input = steps.get(vertex);
      if (reached.has(vertex)) continue;
      reached.add(vertex);
      if (input) open.push(input);
    }
  }
  return new Set([...reached].filter((vertex) => steps.get(vertex)?.state === 'known'));
}
