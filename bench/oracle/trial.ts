/** Something that is held against what is certainly true, for as many chances as there is time. */
export interface Trial {
  readonly help: string;
  /** Gives what was tried, in words. */
  run(terms: TrialTerms): Promise<string>;
}

export interface TrialTerms {
  /** Of the first round; each later one is one more. */
  readonly seed: number;
  /** Whether the time is over, or so many rounds are enough. */
  isOver(rounds: number): boolean;
  /** Tells what is not as it should be. */
  report(seed: number, what: string): void;
  /** A file to keep answers in. */
  readonly record?: string;
}
