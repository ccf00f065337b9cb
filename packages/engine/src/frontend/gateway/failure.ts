import type { Diagnostic } from '../../std/diagnostic.ts';
import type { FailureKind } from '../../std/failed.ts';

/** What goes wrong with a frontend in a container. */
export type GatewayFailure =
  /** An option of `gateway.v0` that is missing or can't be. */
  | (FailureKind & { readonly kind: 'gateway-option'; readonly option: string })
  /** The frontend's image says that it can't do what is asked of it. */
  | (FailureKind & { readonly kind: 'frontend-capability'; readonly capability: string })
  /** What the frontend itself says is wrong, with its places where it names any. */
  | (FailureKind & {
      readonly kind: 'frontend-failed';
      readonly frontend: string;
      readonly diagnostics?: readonly [Diagnostic, ...Diagnostic[]];
    })
  /** Its process ended, or stopped speaking, without a result. */
  | (FailureKind & { readonly kind: 'frontend-broken'; readonly frontend: string })
  /** Its result is none that an image could be made of. */
  | (FailureKind & { readonly kind: 'frontend-result'; readonly frontend: string });
