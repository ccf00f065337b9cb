import type { FailureKind } from '../std/failed.ts';

export type SourceFailure =
  /** An identifier or attribute that makes no sense. */
  | (FailureKind & { readonly kind: 'source-identifier'; readonly identifier: string })
  /** The image exists, but not for this platform. */
  | (FailureKind & { readonly kind: 'no-platform'; readonly reference: string; readonly platform: string })
  /** Its manifest or config is not one. */
  | (FailureKind & { readonly kind: 'image-malformed'; readonly reference: string })
  /** What came is not what the build asked for by checksum. */
  | (FailureKind & { readonly kind: 'checksum-mismatch'; readonly expected: string; readonly actual: string })
  /** The session lends no OCI layout of that name. */
  | (FailureKind & { readonly kind: 'store-missing'; readonly name: string })
  | (FailureKind & { readonly kind: 'http-failed'; readonly url: string; readonly status?: number })
  /** `git` said no; `stderr` is what it said, without credentials. */
  | (FailureKind & { readonly kind: 'git-failed'; readonly remote: string; readonly stderr: string });
