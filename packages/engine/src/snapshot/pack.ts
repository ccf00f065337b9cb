// A layer as a blob: its changes as the tar that BuildKit and containerd write of them, compressed, in one pass.
import type { Digest } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';

/** What `packLayer` needs; all of it crosses threads. */
export interface PackOptions {
  /** Folder of the layer's changes, in overlay form: `snapshotter.folder(id)`. */
  readonly upper: string;
  /** Folders of the layers below it, uppermost first (mount(2)'s order, reverse of a `Chain`'s). Read, never mounted. */
  readonly below: readonly string[];
  /** File to write; made or emptied. It is not synced: who keeps it does that. */
  readonly output: string;
  readonly compression: Compression;
  /** gzip 0 to 9 (default 6), zstd 1 to 22 (default 3). */
  readonly level?: number;
  /** No entry's mtime is later than this Unix time in seconds (`rewrite-timestamp`). */
  readonly epoch?: number;
}

export interface Packed {
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** Digest and size in bytes of what was written. */
  readonly digest: Digest;
  readonly size: number;
}
