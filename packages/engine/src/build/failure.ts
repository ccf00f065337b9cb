import type { FailureKind } from '../std/failed.ts';

export type BuildFailure =
  | (FailureKind & { readonly kind: 'folder-missing'; readonly name: string })
  | (FailureKind & { readonly kind: 'file-too-large'; readonly path: string })
  | (FailureKind & { readonly kind: 'frontend-unknown'; readonly frontend: string })
  | (FailureKind & { readonly kind: 'exporter-unknown'; readonly exporter: string })
  /** Something that the caller has to allow. */
  | (FailureKind & { readonly kind: 'entitlement-missing'; readonly entitlement: string })
  /** Given up because another image of the same build failed. */
  | (FailureKind & { readonly kind: 'stopped'; readonly because: string });
