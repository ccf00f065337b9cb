import type { Digest, RunEvent } from '@monokit/engine';
import { ownerOf } from '../runs/owner.ts';
import type { RecordedLog, RecordedStep } from '../runs/record.ts';
import type { Redaction } from './redact.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Step = Mutable<Omit<RecordedStep, 'status'>> & { status: RecordedStep['status'] | 'known' };
type MergedVertex = Extract<RunEvent, { readonly kind: 'graph-merged' }>['vertices'][number];

export interface StepsOptions {
  readonly redaction: Redaction;
  /** Folder that Dockerfiles' names are relative to, by image. */
  readonly folders: ReadonlyMap<string, string>;
}

/** The steps of a run while its events come in. */
export class RecordedSteps {
  readonly #options: StepsOptions;
  readonly #steps = new Map<Digest, Step>();
  /** Since when another process has been at a step's work. */
  readonly #waiting = new Map<Digest, number>();

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  get(vertex: Digest): Readonly<Step> | undefined {
    return this.#steps.get(vertex);
  }

  report(event: RunEvent): void {
    if (event.kind === 'graph-merged') {
      for (const vertex of event.vertices) this.#merge(vertex);
      return;
    }
    const step = 'vertex' in event && event.vertex ? this.#steps.get(event.vertex) : undefined;
    if (event.kind === 'vertex-known' && !step) {
      const { vertex, inputs, source } = event;
      const name = this.#options.redaction.text(event.name);
      const about = { vertex, name, wantedBy: [], uses: 0, inputs, ...(source && { source }) };
      this.#steps.set(vertex, { ...about, status: 'known' });
    }
    if (!step) return;
    switch (event.kind) {
      case 'vertex-waiting':
        this.#waiting.set(event.vertex, event.at);
        return;
      case 'vertex-started': {
        const { at, waited: queued = 0 } = event;
        this.#waited(step, at);
        if (queued >= 1) step.waited = (step.waited ?? 0) + Math.round(queued);
        step.startedAt = at;
        return;
      }
      case 'vertex-retried':
        step.retries = event.attempt - 1;
        step.startedAt = event.at;
        return;
      case 'vertex-cached':
        if (event.from) step.from = event.from;
        return this.#end(step, 'cached', event.at);
      case 'vertex-completed':
        if (event.peakMemory !== undefined) step.peakMemory = event.peakMemory;
        if (event.cpuTime !== undefined) step.cpuTime = event.cpuTime;
        return this.#end(step, 'run', event.at);
      case 'vertex-measured':
        step.made = event.made;
        return;
      case 'vertex-failed':
        if (event.peakMemory !== undefined) step.peakMemory = event.peakMemory;
        if (event.cpuTime !== undefined) step.cpuTime = event.cpuTime;
        return this.#end(step, 'failed', event.at);
      case 'vertex-cancelled':
        return this.#end(step, 'cancelled', event.at);
      default:
    }
  }

  /** All of them at the run's end; in a `good` one, what nothing was told of was not needed. */
  recorded(good: boolean, logOf: (vertex: Digest) => RecordedLog | undefined): readonly RecordedStep[] {
    const passed = passedOver(this.#steps);
    return [...this.#steps.values()].map(({ status, ...step }): RecordedStep => {
      const log = logOf(step.vertex);
      const needless = step.startedAt === undefined && (good || passed.has(step.vertex));
      return {
        ...step,
        status: status === 'known' ? (needless ? 'needless' : 'cancelled') : status,
        ...(log && { log }),
      };
    });
  }

  #merge({ vertex, name, inputs, wantedBy, uses, source }: MergedVertex): void {
    const { redaction, folders } = this.#options;
    const known = this.#steps.get(vertex);
    const all = known ? [...new Set([...known.wantedBy, ...wantedBy])] : wantedBy;
    const owner = ownerOf(all, source?.folder, folders);
    this.#steps.set(vertex, {
      ...(known ?? { vertex, status: 'known' }),
      name: redaction.text(name),
      inputs,
      wantedBy: all,
      uses: uses + (known?.uses ?? 0),
      ...(owner !== undefined && { image: owner }),
      ...(source && { source }),
    });
  }

  #end(step: Step, status: RecordedStep['status'], at: number): void {
    this.#waited(step, at);
    step.status = status;
    step.endedAt = at;
  }

  #waited(step: Step, at: number): void {
    const since = this.#waiting.get(step.vertex);
    if (since === undefined) return;
    step.waited = (step.waited ?? 0) + at - since;
    this.#waiting.delete(step.vertex);
  }
}

/** What is below steps that are there: what was not told of it, nobody asked for. */
function passedOver(steps: ReadonlyMap<Digest, Step>): ReadonlySet<Digest> {
  const reached = new Set<Digest>();
  const open = [...steps.values()].filter(({ status }) => status === 'cached' || status === 'run');
  for (let step = open.pop(); step; step = open.pop()) {
    for (const digest of step.inputs) {
      const input = steps.get(digest);
      if (!input || reached.has(digest)) continue;
      reached.add(digest);
      open.push(input);
    }
  }
  return reached;
}
