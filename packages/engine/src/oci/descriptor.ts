import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** A promise of content: its digest, size and media type (OCI image spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** Other places that have it. */
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** The content itself in base64, where it is small. */
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
}
