import type { FailureKind } from '../std/failed.ts';

export type ImageToolsFailure =
  /** A name that names no image: no reference, no layout, no descriptor. */
  | (FailureKind & { readonly kind: 'image-source'; readonly source: string })
  /** What can't be put together, or has no place where it should go. */
  | (FailureKind & { readonly kind: 'image-combination' });
