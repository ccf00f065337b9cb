import type { FailureKind } from '../std/failed.ts';

export type SessionFailure =
  /** What a client says it lends cannot be read, or is not there. */
  | (FailureKind & { readonly kind: 'session-option'; readonly option: string })
  /** There is no agent to lend, or it does not take the keys. */
  | (FailureKind & { readonly kind: 'ssh-agent'; readonly id: string });
