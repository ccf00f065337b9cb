// What is wrong in a text, with its place.

import type { Range } from '@monokit/engine/std/diagnostic';

/** Offsets into a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text that is read, and what it is called. */
export interface SourceText {
  /** Absolute, or `-`. */
  readonly file: string;
  readonly text: string;
}

export interface HclProblem {
  readonly message: string;
  readonly hint?: string;
  readonly source: SourceText;
  readonly span: Span;
}

/** Thrown where a text can't be read or evaluated; holds all that is wrong with it, at least one thing. */
export class HclMistake extends Error {
  override readonly name = 'HclMistake';
  readonly problems: readonly HclProblem[];

  constructor(problems: readonly HclProblem[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

export function mistake(source: SourceText, span: Span, message: string, hint?: string): HclMistake {
  return new HclMistake([{ message, source, span, ...(hint !== undefined && { hint }) }]);
}

/** Runs all, and throws at the end what any of them threw. */
export function collected<T, R>(items: Iterable<T>, run: (item: T) => R): R[] {
  const problems: HclProblem[] = [];
  const results: R[] = [];
  for (const item of items) {
    try {
      results.push(run(item));
    } catch (error) {
      if (!(error instanceof HclMistake)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new HclMistake(problems);
  return results;
}

/** Lines and columns of a text, counted from 1; columns in characters as editors count them. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  rangeOf({ start, end }: Span): Range {
    return { start: this.#position(start), end: this.#position(Math.max(start, end)) };
  }

  #position(offset: number): Range['start'] {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}
