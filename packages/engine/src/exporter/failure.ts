import type { FailureKind } from '../std/failed.ts';

export type ExportFailure =
  /** An exporter attribute that is unknown, badly written, or at odds with another one. */
  | (FailureKind & { readonly kind: 'export-option'; readonly option: string })
  /** What was built doesn't fit this exporter (several platforms in a docker archive). */
  | (FailureKind & { readonly kind: 'export-result' })
  /** The place to write to can't be written, or is none that this exporter writes to. */
  | (FailureKind & { readonly kind: 'export-destination'; readonly path?: string });
