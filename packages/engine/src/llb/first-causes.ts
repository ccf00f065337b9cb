import type { Digest } from '../oci/digest.ts';

/** What a step needs to be known by for `firstCauses`. */
interface Caused {
  readonly digest: Digest;
  readonly inputs: readonly Digest[];
  /** It runs, does not, or that depends on what comes before it. */
  readonly runs: boolean;
}

/**
 * By whose doing each step is asked anew: the first ones that run on the ways that lead to it. Inputs before what reads
 * them; a step that nothing before it moves is left out.
 */
export function firstCauses(steps: readonly Caused[]): ReadonlyMap<Digest, readonly Digest[]> {
  const causes = new Map<Digest, readonly Digest[]>();
  const ran = new Set<Digest>();
  for (const { digest, inputs, runs } of steps) {
    const above = new Set(inputs.flatMap((input) => causes.get(input) ?? (ran.has(input) ? [input] : [])));
    if (above.size > 0) causes.set(digest, [...above]);
    if (runs) ran.add(digest);
  }
  return causes;
}
