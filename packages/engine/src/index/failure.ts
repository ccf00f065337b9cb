import type { DiskFull } from '../std/disk-full.ts';
import type { FailureKind } from '../std/failed.ts';

export type IndexFailure = DiskFull | (FailureKind & { readonly kind: 'index-damaged'; readonly path: string });
