import type { FailureKind } from '../std/failed.ts';
import type { RpcCode } from './status.ts';

/** A call that the other side, or this one for it, ended with a status that is not `ok`. */
export type RpcFailure = FailureKind & {
  readonly kind: 'rpc';
  readonly code: RpcCode;
  readonly details: readonly RpcDetail[];
};

/** Something typed that goes with a status: a `google.protobuf.Any`. */
export interface RpcDetail {
  readonly type: string;
  readonly value: Uint8Array;
}
