import type { FailureKind } from '../std/failed.ts';

export type LoaderFailure =
  /** The container engine is not there, or doesn't answer. */
  | (FailureKind & { readonly kind: 'loader-missing'; readonly loader: string })
  /** It answered, and didn't take the image. */
  | (FailureKind & { readonly kind: 'loader-refused'; readonly loader: string });
