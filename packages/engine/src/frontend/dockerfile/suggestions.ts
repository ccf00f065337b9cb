import { nearest } from '../../std/nearest.ts';

/**
 * What is meant by names that are not there, for one conversion. Comparing takes time for each pair of names, and nobody
 * reads ten thousand suggestions: after so many comparisons there are no more.
 */
export class Suggestions {
  #left = 50_000;

  /** Candidates that are undefined are none, but looking at them takes time too. */
  nearest(word: string, candidates: Iterable<string | undefined>): string | undefined {
    return this.#left > 0 ? nearest(word, this.#counted(candidates)) : undefined;
  }

  *#counted(candidates: Iterable<string | undefined>): Iterable<string> {
    for (const candidate of candidates) {
      if (this.#left-- <= 0) return;
      if (candidate !== undefined) yield candidate;
    }
  }
}
