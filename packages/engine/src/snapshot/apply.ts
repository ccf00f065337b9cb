// A layer's blob as a folder of changes: the opposite of pack.ts. Archives are hostile: nothing is written outside.
import type { Digest } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';

/** What `applyLayer` needs; all of it crosses threads. */
export interface ApplyOptions {
  /** The blob, in a file. Its digest was verified by who put it there. */
  readonly blob: string;
  /** As the media type says; what the bytes say wins. */
  readonly compression: Compression;
  /** Empty folder that gets the changes in overlay form: `WritableLayer.upper`. */
  readonly upper: string;
  /** Folders of the layers below it, uppermost first: attributes of parents that the archive leaves out, targets of links. */
  readonly below: readonly string[];
  /** Digest that the uncompressed tar must have (config's `rootfs.diff_ids`), else it fails with `layer-mismatch`. */
  readonly diffId?: Digest;
}

export interface Applied {
  /** Digest and size in bytes of the uncompressed tar. */
  readonly diffId: Digest;
  readonly size: number;
}
