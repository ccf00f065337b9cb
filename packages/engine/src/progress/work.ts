import type { Event } from './event.ts';

/** All that any piece of work may ask of its surroundings. A `Job` fits, and so does a test's `{ signal, report }`. */
export interface Work {
  readonly signal: AbortSignal;
  report(event: Event): void;
}
