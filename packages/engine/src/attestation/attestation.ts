// What can be said of a build beside its result: where it came from (SLSA provenance) and what is in it (SBOM), as
// in-toto predicates. This room makes what is said; it does not know where it goes, nor how anything ran.

import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** The types of in-toto predicates that are made here. */
export const predicateTypes = {
  provenance: 'https://slsa.dev/provenance/v1',
  provenance02: 'https://slsa.dev/provenance/v0.2',
  spdx: 'https://spdx.dev/Document',
} as const;

/** One thing that is said of one platform's result. */
export interface Attestation {
  readonly predicateType: string;
  /** The name of its file, where files are exported. */
  readonly filename: string;
  /** It goes into images alone, and not with files or archives. */
  readonly inlineOnly: boolean;
  /** What it is about; the result itself where left out. */
  readonly subjects?: readonly Subject[];
  /** The predicate, a value for JSON whose members stand in the order in which they are written. */
  predicate(result: ResultTold): unknown;
}

/** What predicates say of the result, and an exporter only knows once that is made. */
export interface ResultTold {
  /** Of an image's layers, lowest first; none where files are exported. */
  readonly layers: readonly Descriptor[];
  /** Of an image's manifest. */
  readonly digest?: Digest;
  /** The time that the result carries, Unix seconds; 0 where left out. */
  readonly created?: number;
  /** Unix milliseconds; left out where the result is to be the same whenever it is made. */
  readonly times?: { readonly started: number; readonly finished: number };
}

/** What a statement is about, by in-toto's names. */
export interface Subject {
  readonly name: string;
  /** Hexadecimal, by algorithm. */
  readonly digest: Readonly<Record<string, string>>;
}

/** A digest as SLSA and in-toto have it. */
export function digestSet(digest: Digest): Readonly<Record<string, string>> {
  const colon = digest.indexOf(':');
  return { [digest.slice(0, colon)]: digest.slice(colon + 1) };
}
