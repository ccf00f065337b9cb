import type { StepModel } from './model.ts';

/** A step that says nothing is told of so often. In milliseconds. */
const heartbeat = 30_000;

/** Who waits for another build no longer than this says nothing of it. In milliseconds. */
const worthALine = 1000;

/** Signs of life of steps that run long without a word, for logs that a CI shows only as they grow. */
export class Pulse {
  readonly #last = new Map<string, number>();

  /** A step said something. */
  heard(vertex: string, at: number): void {
    this.#last.set(vertex, at);
  }

  /** A line for each step that waits, or has been silent for half a minute since it last was heard or told of. */
  beat(steps: readonly StepModel[], now: number): string[] {
    return steps.flatMap(({ vertex, name, state, startedAt, waitingSince, wantedBy }) => {
      const last = this.#last.get(vertex);
      const title = `${wantedBy[0] === undefined ? '' : `${wantedBy[0]} `}${name}`;
      if (state === 'waiting') {
        // At once where it is not over in a moment: nothing else says why nothing happens.
        if (now - (last ?? waitingSince!) < (last === undefined ? worthALine : heartbeat)) return [];
        this.#last.set(vertex, now);
        return [`waiting for another build that is at ${title} ${Math.floor((now - waitingSince!) / 1000)}s`];
      }
      if (state !== 'running' || startedAt === undefined) return [];
      if (now - Math.max(startedAt, last ?? 0) < heartbeat) return [];
      this.#last.set(vertex, now);
      return [`still running ${title} ${Math.floor((now - startedAt) / 1000)}s`];
    });
  }
}
