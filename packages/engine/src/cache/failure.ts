import type { Digest } from '../oci/digest.ts';
import type { DiskFull } from '../std/disk-full.ts';
import type { FailureKind } from '../std/failed.ts';

export type CacheFailure =
  | DiskFull
  /** The folder was made by a version of monokit whose layout this one does not know. */
  | (FailureKind & { readonly kind: 'cache-layout'; readonly path: string; readonly layout: string })
  /** The folder cannot be used: not ours, not writable, no folder. */
  | (FailureKind & { readonly kind: 'cache-folder'; readonly path: string })
  /** A layer's bytes are neither here nor does anybody in this build know where they are. */
  | (FailureKind & { readonly kind: 'layer-missing'; readonly digest?: Digest });
