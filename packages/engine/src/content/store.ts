// Content by digest: bytes that never change, whatever they mean. This room knows no images, registries or builds.

import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** Where content can be read. `open` streams are verified: they fail at their end if the bytes are not the digest's. */
export interface Provider {
  /** The content's bytes in order. Fails with `content-missing` if it is not there. */
  open(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
}

/** A place that keeps content. */
export interface Store extends Provider {
  /** The content's size in bytes, or undefined if it is not here. */
  stat(digest: Digest): Promise<number | undefined>;
  /**
   * Keeps bytes under their digest. With `expected`, bytes that differ in digest or size are refused
   * (`content-mismatch`) and nothing is kept. Content that is there already is not written again.
   */
  write(
    bytes: AsyncIterable<Uint8Array>,
    options?: {
      readonly expected?: Partial<Pick<Descriptor, 'digest' | 'size'>>;
      readonly signal?: AbortSignal;
      /** False for what can be done without: a machine that loses power may have it damaged, and who reads it finds that. */
      readonly synced?: boolean;
    },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
}
