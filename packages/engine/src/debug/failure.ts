import type { FailureKind } from '../std/failed.ts';

export type DebugFailure =
  /** A tree without a shell, on a machine without a static busybox. */
  | (FailureKind & { readonly kind: 'no-busybox' })
  /** An image has no step of that name. */
  | (FailureKind & { readonly kind: 'step-unknown' })
  /** What a failed step left, or was given, is no longer in the cache. */
  | (FailureKind & { readonly kind: 'step-gone' });
