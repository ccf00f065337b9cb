import { availableParallelism } from 'node:os';
import type { RunEvent } from '@monokit/engine';
import type { Planned, RunFacts } from '../ui/facts.ts';
import { isInternal } from '../ui/model.ts';

type Foreseen = Extract<RunEvent, { readonly kind: 'graph-foreseen' }>;

/** Whether more than half of the steps were seen before: what is usual for the others is a guess. */
export function isTold({
  steps,
  withoutHistory,
}: {
  readonly steps: number;
  readonly withoutHistory: number;
}): boolean {
  return withoutHistory * 2 < steps;
}

/** What a run is about to do, as its events tell it: for the lines above and below it. */
export class Prospects {
  /** Names of steps that are Dockerfiles'. */
  readonly #names = new Map<string, string>();
  readonly #outlooks = new Map<string, Foreseen['vertices'][number]['outlook']>();
  #pulls: Foreseen['pulls'] = [];
  #time = { wall: 0, steps: 0, withoutHistory: 0 };
  /** When what was foreseen is likely to be done, in milliseconds since the epoch. */
  #doneAt = 0;

  report(event: RunEvent): void {
    if (event.kind === 'graph-merged') {
      for (const { vertex, name } of event.vertices) if (!isInternal({ name })) this.#names.set(vertex, name);
    } else if (event.kind === 'graph-foreseen') {
      for (const { vertex, outlook } of event.vertices)
        if (this.#names.has(vertex)) this.#outlooks.set(vertex, outlook);
      this.#pulls = [...this.#pulls, ...event.pulls];
      const { wall, steps, withoutHistory } = event.time;
      // Graphs of images that wait for others come one after another.
      this.#time = {
        wall: this.#time.wall + wall,
        steps: this.#time.steps + steps,
        withoutHistory: this.#time.withoutHistory + withoutHistory,
      };
      this.#doneAt = event.at + wall;
    }
  }

  get facts(): Pick<RunFacts, 'plan' | 'remaining'> {
    return {
      plan: () => this.#planned(),
      remaining: (now) => (isTold(this.#time) && now < this.#doneAt ? this.#doneAt - now : undefined),
    };
  }

  #planned(): Planned | undefined {
    if (this.#outlooks.size === 0) return undefined;
    const run = [...this.#outlooks.values()].filter((outlook) => outlook === 'run').length;
    const unknown = this.#outlooks.size - run;
    const bytes = this.#pulls.reduce((sum, pull) => sum + pull.bytes, 0);
    return {
      cached: this.#names.size - run - unknown,
      run,
      ...(unknown > 0 && { unknown }),
      ...(isTold(this.#time) && { duration: this.#time.wall, cpus: availableParallelism() }),
      ...(this.#pulls.length > 0 && { pulls: { bases: this.#pulls.length, bytes } }),
    };
  }
}
