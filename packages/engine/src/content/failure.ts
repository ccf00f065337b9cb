import type { Digest } from '../oci/digest.ts';
import type { FailureKind } from '../std/failed.ts';

export type ContentFailure =
  | (FailureKind & { readonly kind: 'content-missing'; readonly digest: Digest })
  | (FailureKind & { readonly kind: 'content-mismatch'; readonly expected: string; readonly actual: string });
