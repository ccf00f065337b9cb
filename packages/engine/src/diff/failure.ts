import type { FailureKind } from '../std/failed.ts';

export type DiffFailure =
  /** What is to be compared is no image, or has none for the platform. */
  FailureKind & { readonly kind: 'image-unlike' };
