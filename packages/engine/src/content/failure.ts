import type { Digest } from '../oci/digest.ts';
import type { DiskFull } from '../std/disk-full.ts';
import type { FailureKind } from '../std/failed.ts';

export type ContentFailure =
  | DiskFull
  | (FailureKind & { readonly kind: 'content-missing'; readonly digest: Digest })
  /** Bytes are not what was promised: their digest, or their size, in `expected` and `actual`. */
  | (FailureKind & { readonly kind: 'content-mismatch'; readonly expected: string; readonly actual: string })
  /** A manifest, index or layout that breaks its specification. */
  | (FailureKind & { readonly kind: 'content-malformed'; readonly digest?: Digest });
