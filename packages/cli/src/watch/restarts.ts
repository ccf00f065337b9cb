// When a process that ended by itself is started again: Docker's policies, and its pauses.

import type { RestartSpec } from '@monokit/config';

/** In milliseconds. A process that ran for a while is taken for a good one: the next pause is the first again. */
const shortest = 100;
const longest = 60_000;
const aWhile = 10_000;

export class Restarts {
  readonly #policy: RestartSpec;
  #pause = shortest;
  #count = 0;

  constructor(policy: RestartSpec) {
    this.#policy = policy;
  }

  /** How long to wait until it is started again, in milliseconds; undefined where it is not. `ran` is in milliseconds, too. */
  next({ failed, ran }: { readonly failed: boolean; readonly ran: number }): number | undefined {
    const { when } = this.#policy;
    if (when === 'never' || (when === 'failed' && !failed)) return undefined;
    if (when === 'failed' && this.#count >= (this.#policy.most ?? Number.POSITIVE_INFINITY)) return undefined;
    this.#count++;
    const pause = ran >= aWhile ? shortest : this.#pause;
    this.#pause = Math.min(pause * 2, longest);
    return pause;
  }
}
