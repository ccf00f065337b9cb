import type { Digest } from '../oci/digest.ts';
import type { Event } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import type { Operator } from '../solver/vertex.ts';

/**
 * Steps that failed in a build. An image that was waiting for others has a graph of its own, in which such a step may
 * stand again: it fails as it did, is not run once more, and is told of once.
 */
export class FailedSteps {
  readonly #errors = new Map<Digest, unknown>();
  readonly #told = new Set<Digest>();

  /** The operator of a step that runs only where it has not failed yet. */
  guard<R, J extends Work>(vertex: Digest, operator: Operator<R, J>): Operator<R, J> {
    const run: Operator<R, J>['run'] = async (inputs, job, told) => {
      if (this.#errors.has(vertex)) throw this.#errors.get(vertex);
      try {
        return await operator.run(inputs, job, told);
      } catch (error) {
        // One that was stopped, be it by the time of an image, has not failed by itself.
        if (!job.signal.aborted) this.#errors.set(vertex, error);
        throw error;
      }
    };
    return {
      cacheMaps: (job) => operator.cacheMaps(job),
      ...(operator.looks !== undefined && { looks: operator.looks }),
      ...(operator.downloads && { downloads: (job: J) => operator.downloads!(job) }),
      run,
    };
  }

  /** Whether an event only tells again of a failure that was told. */
  isToldAgain(event: Event): boolean {
    switch (event.kind) {
      case 'vertex-failed': {
        const known = this.#told.has(event.vertex);
        this.#told.add(event.vertex);
        return known;
      }
      case 'vertex-started':
      case 'vertex-waiting':
        return this.#told.has(event.vertex);
      default:
        return false;
    }
  }
}
