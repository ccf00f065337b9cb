import type { FailureKind } from '../std/failed.ts';

export type IndexFailure =
  | (FailureKind & { readonly kind: 'disk-full'; readonly path: string })
  | (FailureKind & { readonly kind: 'index-damaged'; readonly path: string });
