import type { FailureKind } from '../std/failed.ts';

export type SnapshotFailure =
  /** A layer's archive is broken, or asks for what no layer may do. */
  | (FailureKind & { readonly kind: 'layer-invalid'; readonly path?: string })
  /** A layer is not what the image's config says it is. */
  | (FailureKind & { readonly kind: 'layer-mismatch'; readonly expected: string; readonly actual: string })
  /** More layers than the kernel can stack. */
  | (FailureKind & { readonly kind: 'too-many-layers'; readonly layers: number })
  /** The kernel refused a mount. */
  | (FailureKind & { readonly kind: 'mount-failed' });
