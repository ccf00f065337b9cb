import type { FailureKind } from '../std/failed.ts';

export type RegistryFailure =
  /** Nobody answered at that address (name not found, refused, no TLS). */
  | (FailureKind & { readonly kind: 'registry-unreachable'; readonly host: string })
  /** It answered, and won't let us: wrong or no credentials, or not allowed. */
  | (FailureKind & { readonly kind: 'registry-denied'; readonly host: string; readonly status: number })
  | (FailureKind & { readonly kind: 'image-not-found'; readonly reference: string })
  /** Any other answer than the one the protocol promises. `codes` are the registry's own (`TOOMANYREQUESTS`, …). */
  | (FailureKind & {
      readonly kind: 'registry-error';
      readonly host: string;
      readonly status: number;
      readonly codes: readonly string[];
    })
  /** It answered with bytes that are not what they claim to be. */
  | (FailureKind & { readonly kind: 'registry-content'; readonly host: string })
  /** Docker's config.json, or a credential helper it names, can't be used. */
  | (FailureKind & { readonly kind: 'docker-config'; readonly path: string })
  /** A `registries` entry that makes no sense. */
  | (FailureKind & { readonly kind: 'registry-config'; readonly host: string });
