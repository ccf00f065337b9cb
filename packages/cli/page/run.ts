// What a run looks like right now, from the lines of its events (docs/events.md).

import type { DetailedGraph, DetailedStep } from '../src/graph/details.ts';
import type { EventLine } from '../src/page/feed.ts';

export type RunState = 'running' | 'done' | 'hit' | 'failed' | 'cancelled';

export interface StepRun {
  readonly state: RunState;
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: string;
}

interface PlanStep {
  readonly step: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly images: readonly string[];
  readonly source?: DetailedStep['source'];
}

/** Characters that are kept of what a step wrote. */
const keptLog = 20_000;

export class Run {
  readonly steps = new Map<string, StepRun>();
  readonly logs = new Map<string, string>();
  readonly images = new Map<string, string>();
  readonly #plan = new Map<string, PlanStep>();
  startedAt: number | undefined;
  ended: { readonly code: number; readonly ms: number } | undefined;

  /** Takes a line; tells if a run begins, if the graph grew, if an image ended, or which step is another one now. */
  take(line: EventLine): 'start' | 'plan' | 'image' | string | undefined {
    const at = Date.parse(line['ts'] as string);
    const { step = '' } = line;
    const known = this.steps.get(step);
    switch (line.type) {
      case 'run.start':
        // Whoever watches builds again and again; what a build is not about stays as it was.
        this.startedAt = at;
        this.ended = undefined;
        this.#forget(new Set(line['images'] as readonly string[]));
        return 'start';
      case 'plan':
        for (const each of line['steps'] as readonly PlanStep[]) this.#plan.set(each.step, each);
        return 'plan';
      case 'step.start':
        this.steps.set(step, { state: 'running', startedAt: at });
        return step;
      case 'cache.hit':
        this.steps.set(step, { state: 'hit', endedAt: at });
        return step;
      case 'step.end': {
        const { error } = line as { readonly error?: string };
        const state = line['status'] as 'done' | 'failed' | 'cancelled';
        this.steps.set(step, { ...known, state, endedAt: at, ...(error !== undefined && { error }) });
        return step;
      }
      case 'step.log':
        this.logs.set(step, ((this.logs.get(step) ?? '') + String(line['text'])).slice(-keptLog));
        return step;
      case 'image.end':
        this.images.set(line['image'] as string, line['status'] as string);
        return 'image';
      case 'run.end':
        this.ended = { code: line['code'] as number, ms: line['ms'] as number };
        return undefined;
      default:
        return undefined;
    }
  }

  /** Whether an image is there. */
  has(image: string): boolean {
    return ['built', 'cached'].includes(this.images.get(image) ?? '');
  }

  #forget(images: ReadonlySet<string>): void {
    for (const image of images) this.images.delete(image);
    for (const step of [...this.steps.keys(), ...this.logs.keys()]) {
      const plan = this.#plan.get(step);
      if (plan && plan.images.length > 0 && !plan.images.some((image) => images.has(image))) continue;
      this.steps.delete(step);
      this.logs.delete(step);
    }
  }

  /** How long a step ran, in milliseconds; until now if it still does. */
  took(step: string): number {
    const { startedAt, endedAt } = this.steps.get(step) ?? {};
    return startedAt === undefined ? 0 : (endedAt ?? Date.now()) - startedAt;
  }

  /** The graph as the run itself told of it, without what only definitions know. */
  graph(): DetailedGraph {
    const plan = [...this.#plan.values()];
    const ids = [...new Set(plan.flatMap(({ images }) => images))];
    const steps = plan.map(({ step, name, inputs, images, source }): DetailedStep => ({
      digest: step,
      name,
      inputs: inputs.filter((input) => this.#plan.has(input)),
      images,
      kind: inputs.length === 0 ? 'source' : /^\[[^\]]*\] RUN /.test(name) ? 'exec' : 'file',
      facts: [],
      key: { inputs: [] },
      own: step,
      ...(source && { source }),
    }));
    return {
      images: ids.map((id) => {
        const own = steps.filter(({ images }) => images.includes(id));
        const needed = new Set(own.flatMap(({ inputs }) => inputs));
        const digests = own.map(({ digest }) => digest);
        return { id, needs: [], steps: digests, roots: digests.filter((digest) => !needed.has(digest)) };
      }),
      steps,
    };
  }
}
