import type { FailureKind } from '../std/failed.ts';

export type RemoteCacheFailure =
  /** An attribute of a cache entry that is unknown, missing or badly written. */
  | (FailureKind & { readonly kind: 'cache-option'; readonly option: string })
  /** A kind of cache that is not built in. */
  | (FailureKind & { readonly kind: 'cache-type-unknown'; readonly type: string })
  /** What was to be imported is no cache, or not one that can be read. */
  | (FailureKind & { readonly kind: 'cache-malformed' })
  /** A cache that gave no sign of life for as long as it was waited for. */
  | (FailureKind & { readonly kind: 'cache-slow' })
  /** A cache's server that refused. */
  | (FailureKind & { readonly kind: 'cache-refused'; readonly status?: number });
