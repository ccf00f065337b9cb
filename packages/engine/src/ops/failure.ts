import type { FailureKind } from '../std/failed.ts';

export type OpsFailure =
  | (FailureKind & { readonly kind: 'secret-missing'; readonly id: string })
  | (FailureKind & { readonly kind: 'ssh-missing'; readonly id: string })
  /** An op that this engine does not run, or that the caller did not allow. */
  | (FailureKind & { readonly kind: 'op-refused' });
