import type { Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import type { LlbFailure } from './failure.ts';

/** The failure for a graph that can't be run as it stands. */
export function invalid(message: string, op?: Digest, cause?: unknown): Failed<LlbFailure> {
  return new Failed<LlbFailure>({ kind: 'llb-invalid', message, ...(op && { op }) }, { cause });
}

/** The name for an enum's number; a number that we don't know is refused rather than taken for the default. */
export function known<const T extends readonly string[]>(names: T, number: number, what: string): T[number] {
  const name = names[number];
  if (name === undefined) throw invalid(`unknown ${what} ${number}`);
  return name;
}
