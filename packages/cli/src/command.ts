import type { Flags, Given } from './flags/flags.ts';

/** One verb of the command line. Its file parses nothing and prints data only; the engine does the work. */
export interface Command<F extends Flags = Flags> {
  /** One line for the list of commands. */
  readonly summary: string;
  /** After `cli NAME`: `[SELECTION…]`. */
  readonly usage: string;
  /** What it does, for `--help`: a paragraph or two. */
  readonly description: string;
  readonly flags: F;
  /** It takes flags only: what to do who gave words, too. */
  readonly wordless?: string;
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** What its exit code 1 means, where that is not that an image could not be built. */
  failed?(flags: Given<F>): string | undefined;
  /**
   * Its 1 is an answer, as that of `diff` and `grep` is: what it means that there can be none, told by a 2.
   */
  readonly trouble?: string;
  /** Its exit code is that of a program which it ran: what that means, only the program knows. */
  readonly exitsAsProgram?: true;
  /** Does it; the number is the exit code. */
  run(invocation: Invocation<F>): Promise<number>;
}

export interface Invocation<F extends Flags = Flags> {
  /** All words after `cli`, as they were typed. */
  readonly words: readonly string[];
  readonly flags: Given<F>;
  readonly positionals: readonly string[];
  /** Those of them that stand after `--`; undefined without one. */
  readonly rest?: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Where the answer to this very command line may be kept (fresh.ts). */
  readonly answerPath?: string;
  readonly stdin: NodeJS.ReadStream;
  /** Data goes here, and nothing else. */
  readonly stdout: NodeJS.WriteStream;
  /** For people. */
  readonly stderr: NodeJS.WriteStream;
}

/** Keeps the flags' own types. */
export function command<const F extends Flags>(definition: Command<F>): Command<F> {
  return definition;
}
