import type { FailureKind } from '../std/failed.ts';

export type AttestationFailure =
  /** An `attest:` option that is unknown, badly written, or asks for what is not there. */
  | (FailureKind & { readonly kind: 'attest-option'; readonly option: string })
  /** `complete-materials=true`, and a build that read what no digest names. */
  | (FailureKind & { readonly kind: 'materials-incomplete'; readonly names: readonly string[] })
  /** What a scanner wrote, or a file of a package database, can't be read. */
  | (FailureKind & { readonly kind: 'sbom-malformed'; readonly path: string });
