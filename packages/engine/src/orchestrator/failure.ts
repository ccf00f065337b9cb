import type { FailureKind } from '../std/failed.ts';

export interface OrchestratorFailure extends FailureKind {
  readonly kind: 'image-circle';
  readonly circle: readonly string[];
}
