import type { FailureKind } from '../std/failed.ts';

export type BuildFailure =
  | (FailureKind & { readonly kind: 'folder-missing'; readonly name: string })
  | (FailureKind & { readonly kind: 'file-too-large'; readonly path: string })
  /** Not there, or not a file. */
  | (FailureKind & { readonly kind: 'file-unreadable'; readonly path: string })
  /** A container of a frontend that can't be as it was asked for. */
  | (FailureKind & { readonly kind: 'container-invalid' })
  | (FailureKind & { readonly kind: 'frontend-unknown'; readonly frontend: string })
  | (FailureKind & { readonly kind: 'frontend-circle' })
  | (FailureKind & { readonly kind: 'frontend-refused' })
  | (FailureKind & { readonly kind: 'exporter-unknown'; readonly exporter: string })
  /** Something that the caller has to allow. */
  | (FailureKind & { readonly kind: 'entitlement-missing'; readonly entitlement: string })
  /** Its steps ran for longer than it allows. */
  | (FailureKind & { readonly kind: 'timed-out'; readonly image: string })
  /** Given up because another image of the same build failed. */
  | (FailureKind & { readonly kind: 'stopped'; readonly because: string });
