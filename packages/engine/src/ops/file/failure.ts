import type { CopyFailure } from '../../cache/copy/failure.ts';
import type { TooManyLinks } from '../../cache/tree.ts';
import type { DiskFull } from '../../std/disk-full.ts';
import type { FailureKind } from '../../std/failed.ts';
import type { BadMode } from '../../std/file-mode.ts';
import type { BadPattern } from '../../std/glob.ts';

/** Why a file action did not work. Paths are those of the trees, never of this machine. */
export type FileFailure =
  /** Actions that refer to each other in a way that gives no result. */
  | (FailureKind & { readonly kind: 'file-actions-invalid' })
  /** The path that an action needs is not there. */
  | (FailureKind & { readonly kind: 'file-missing'; readonly path: string })
  /** The system refused; `code` is its word for why (`EEXIST`, `ENOTDIR`, …). */
  | (FailureKind & { readonly kind: 'file-refused'; readonly code: string })
  /** The owner's name cannot be looked up. */
  | (FailureKind & { readonly kind: 'owner-unknown' })
  /** An archive that is broken or wants out of its folder. */
  | (FailureKind & { readonly kind: 'archive-malformed'; readonly path: string })
  /** The machine has no program for this compression. */
  | (FailureKind & { readonly kind: 'decompressor-missing'; readonly program: string })
  | CopyFailure
  | TooManyLinks
  | BadMode
  | BadPattern
  | DiskFull;
