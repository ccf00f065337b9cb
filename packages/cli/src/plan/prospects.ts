import type { RunEvent } from '@monokit/engine';
import type { Planned, RunFacts } from '../ui/facts.ts';
import { isInternal } from '../ui/model.ts';

type Foreseen = Extract<RunEvent, { readonly kind: 'graph-foreseen' }>;

/** What a run is about to do, as its events tell it: for the lines above and below it. */
export class Prospects {
  /** Names of steps that are Dockerfiles'. */
  readonly #names = new Map<string, string>();
  readonly #outlooks = new Map<string, Foreseen['vertices'][number]['outlook']>();
  #pulls: Foreseen['pulls'] = [];

  report(event: RunEvent): void {
    if (event.kind === 'graph-merged') {
      for (const { vertex, name } of event.vertices) if (!isInternal({ name })) this.#names.set(vertex, name);
    } else if (event.kind === 'graph-foreseen') {
      for (const { vertex, outlook } of event.vertices)
        if (this.#names.has(vertex)) this.#outlooks.set(vertex, outlook);
      this.#pulls = [...this.#pulls, ...event.pulls];
    }
  }

  get facts(): Pick<RunFacts, 'plan'> {
    return { plan: () => this.#planned() };
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
      ...(this.#pulls.length > 0 && { pulls: { bases: this.#pulls.length, bytes } }),
    };
  }
}
