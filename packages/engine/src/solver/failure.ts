import type { Digest } from '../oci/digest.ts';
import type { SourcePlace } from '../progress/event.ts';
import type { FailureKind } from '../std/failed.ts';

/** A vertex could not be brought about; the cause says why. */
export interface VertexFailure extends FailureKind {
  readonly kind: 'vertex';
  readonly vertex: Digest;
  readonly name: string;
  readonly source?: SourcePlace;
}
