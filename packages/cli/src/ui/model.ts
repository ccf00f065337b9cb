import type { Digest, RunEvent, SourcePlace } from '@monokit/engine';
import { outcomeOf } from './outcome.ts';

/** What a run looks like right now. Renderers read it; `reduce` is the only writer. */
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

/** Lines that are kept of each step, for the failure block. */
const tailLines = 40;

export function emptyModel({
  ids,
  startedAt,
  folders,
}: Pick<RunModel, 'startedAt' | 'folders'> & { readonly ids: readonly string[] }): RunModel {
  const images = ids.map((id): [string, ImageModel] => [id, { id, state: { kind: 'waiting' }, steps: [] }]);
  return { startedAt, folders, images: new Map(images), steps: new Map() };
}

/** The model after an event. Maps are changed in place and handed on: one owner, no copies of thousands of steps. */
export function reduce(model: RunModel, event: RunEvent): RunModel {
  const images = model.images as Map<string, ImageModel>;
  const steps = model.steps as Map<Digest, StepModel>;
  const step = (vertex: Digest, change: Partial<StepModel>) => {
    const known = steps.get(vertex);
    if (known) steps.set(vertex, { ...known, ...change });
  };
  const image = (id: string, change: Partial<ImageModel>) => {
    const known = images.get(id);
    if (known) images.set(id, { ...known, ...change });
  };
  switch (event.kind) {
    case 'graph-merged': {
      const wanted = new Map<string, Digest[]>();
      for (const { vertex, name, wantedBy, uses, inputs, source } of event.vertices) {
        const known = steps.get(vertex) ?? newStep(vertex, name);
        const all = [...new Set([...known.wantedBy, ...wantedBy])];
        steps.set(vertex, {
          ...known,
          name,
          inputs,
          wantedBy: all,
          uses: known.uses + uses,
          ...(source && { source }),
        });
        for (const id of wantedBy) {
          const list = wanted.get(id) ?? [];
          wanted.set(id, list);
          list.push(vertex);
        }
      }
      for (const [id, list] of wanted) image(id, { steps: list });
      return model;
    }
    case 'vertex-known':
      if (!steps.has(event.vertex)) {
        steps.set(event.vertex, {
          ...newStep(event.vertex, event.name),
          ...(event.source && { source: event.source }),
        });
      }
      return model;
    case 'vertex-waiting':
      step(event.vertex, { state: 'waiting', waitingSince: event.at });
      return model;
    case 'vertex-started':
      step(event.vertex, { state: 'running', startedAt: event.at });
      for (const id of steps.get(event.vertex)?.wantedBy ?? []) {
        if (images.get(id)?.state.kind === 'waiting') image(id, { state: { kind: 'running' }, startedAt: event.at });
      }
      return model;
    case 'vertex-retried': {
      const known = steps.get(event.vertex);
      if (known) step(event.vertex, appended(known, `${retryLine(event)}\n`));
      return model;
    }
    case 'vertex-cached':
      step(event.vertex, { state: 'cached', endedAt: event.at, ...(event.from && { from: event.from }) });
      return model;
    case 'vertex-completed':
      step(event.vertex, { state: 'done', endedAt: event.at });
      return model;
    case 'vertex-measured':
      step(event.vertex, { made: event.made });
      return model;
    case 'vertex-failed':
      step(event.vertex, { state: 'failed', endedAt: event.at });
      return model;
    case 'vertex-cancelled':
      step(event.vertex, { state: 'cancelled', endedAt: event.at });
      return model;
    case 'progress': {
      const known = steps.get(event.vertex);
      const { id, current, total } = event;
      if (known) {
        const progress = new Map(known.progress).set(id, { current, ...(total !== undefined && { total }) });
        step(event.vertex, { progress });
      }
      return model;
    }
    case 'log': {
      const known = steps.get(event.vertex);
      if (known) step(event.vertex, appended(known, Buffer.from(event.data).toString('utf8')));
      return model;
    }
    case 'task-completed': {
      const { digest, size } = event;
      const result = { ...(digest && { digest }), ...(size !== undefined && { size }) };
      const ran = (images.get(event.task)?.steps ?? []).some((vertex) => isWork(steps.get(vertex)));
      image(event.task, { state: { kind: ran ? 'built' : 'cached', ...result }, endedAt: event.at });
      return model;
    }
    case 'task-failed':
    case 'task-blocked':
    case 'task-cancelled':
      image(event.task, { state: outcomeOf(event, model), endedAt: event.at });
      return model;
    case 'graph-foreseen':
    case 'task-defined':
    case 'vertex-kept':
    case 'warning':
      return model;
  }
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
  const visit = (vertex: Digest): void => {
    for (const input of steps.get(vertex)?.inputs ?? []) {
      if (reached.has(input)) continue;
      reached.add(input);
      visit(input);
    }
  };
  for (const { vertex, state } of steps.values()) if (state !== 'known' && state !== 'cancelled') visit(vertex);
  return new Set([...reached].filter((vertex) => steps.get(vertex)?.state === 'known'));
}

function newStep(vertex: Digest, name: string): StepModel {
  return { vertex, name, state: 'known', inputs: [], wantedBy: [], uses: 0, tail: [], lines: 0, progress: new Map() };
}

function appended({ tail, lines }: StepModel, text: string): Pick<StepModel, 'tail' | 'lines'> {
  const open = tail.at(-1) ?? '';
  const [first = '', ...rest] = text.split('\n');
  const all = tail.length > 0 ? [...tail.slice(0, -1), open + first, ...rest] : [first, ...rest];
  return { tail: all.slice(-tailLines - 1), lines: lines + rest.length + (tail.length > 0 ? 0 : 1) };
}
