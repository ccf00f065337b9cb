import type { FailureKind } from '../std/failed.ts';

export type PoolFailure =
  /** Bytes that should be an archive are none, are damaged, or break off. */
  FailureKind & { readonly kind: 'archive-invalid' };
