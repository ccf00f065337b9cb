import type { FailureKind } from '../../std/failed.ts';

/** Why a tree cannot be copied to where it should go. Paths are as people wrote them, inside the trees. */
export type CopyFailure =
  /** The source has nothing at `path`. */
  | (FailureKind & { readonly kind: 'copy-source-missing'; readonly path: string })
  /** The destination holds a file where a folder is needed, or the other way round. */
  | (FailureKind & { readonly kind: 'copy-conflict'; readonly path: string });
