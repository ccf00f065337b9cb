import type { FailureKind } from '../../std/failed.ts';

/** What can be wrong with a folder that a client lends. */
export type LocalFailure =
  /** The client lends no folder of that name. */
  | (FailureKind & { readonly kind: 'folder-not-lent'; readonly name: string })
  /** It lends one that is not there, or is no folder. */
  | (FailureKind & { readonly kind: 'folder-missing'; readonly path: string })
  /** An attribute of the source that cannot be read, or asks for what this engine has not. */
  | (FailureKind & { readonly kind: 'local-attribute'; readonly name: string })
  | ContextChanged;

/** A file is no longer what it was when this build looked at it first. */
export interface ContextChanged {
  readonly kind: 'context-changed';
  readonly path: string;
  readonly message: string;
}
