import { formatPlatform, type Platform } from '../oci/platform.ts';
import type { State } from './state.ts';

/** What a state that is decided late may ask of the marshalling that decides it. */
export interface LaterContext {
  /** What the definition is marshalled for. */
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A state that is decided when it is marshalled, once per platform. A failure is remembered like a success, unless it
 * came of giving up: a state may be marshalled again in the next build.
 */
export class Later {
  readonly #decide: (context: LaterContext) => State | Promise<State>;
  readonly #states = new Map<string, State | Promise<State>>();

  constructor(decide: (context: LaterContext) => State | Promise<State>) {
    this.#decide = decide;
  }

  /** The state, or the promise of it if it takes time. */
  settle(context: LaterContext): State | Promise<State> {
    const key = formatPlatform(context.platform);
    let state = this.#states.get(key);
    if (!state) {
      state = this.#decide(context);
      this.#states.set(key, state);
      if (state instanceof Promise) {
        state.then(
          (settled) => this.#states.set(key, settled),
          () => context.signal?.aborted && this.#states.delete(key),
        );
      }
    }
    return state;
  }

  /** The state that was decided; `settle` has to have come to its end. */
  settled(context: LaterContext): State {
    const state = this.#states.get(formatPlatform(context.platform));
    if (!state || state instanceof Promise) throw new Error('a state was used before it was decided');
    return state;
  }
}
