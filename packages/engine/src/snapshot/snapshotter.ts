// Directory trees as stacks of layers. A layer is a folder of changes in overlayfs's own form (character device 0:0 for
// what is gone, an opaque mark where a folder hides what is below); a tree is a list of layers, lowest first. So a
// merge of trees is one list after another, and the difference to a tree that is a prefix is the rest of the list.
// This room knows no images, blobs or cache policy.

import type { Mount } from './mount.ts';

/** Names a committed layer; unique in one cache folder, never used again. */
export type LayerId = string & { readonly __layer?: never };

/** A tree: layers, lowest first. The empty list is the empty tree. */
export type Chain = readonly LayerId[];

export interface Snapshotter extends AsyncDisposable {
  /** What differs between the ways of doing this. */
  readonly kind: 'overlay' | 'native';
  /**
   * A new writable layer over `chain`. Nothing is visible under a final name until `commit`. With `unpack`, only its
   * `upper` is written and it is never mounted: whoever cannot stack then need not copy the chain.
   */
  prepare(chain: Chain, options?: { readonly unpack?: boolean }): Promise<WritableLayer>;
  /** How to see a tree, read-only. A snapshotter that cannot stack copies it together first. */
  view(chain: Chain): Promise<Mount>;
  /** Folder of one committed layer's changes. */
  folder(layer: LayerId): string;
  /** Bytes and inodes of one layer on disk. */
  usage(layer: LayerId): Promise<{ readonly bytes: number; readonly inodes: number }>;
  /** All committed layers, in no order. */
  list(): readonly LayerId[];
  /** Removes layers that nothing refers to any more. Removing what is gone already is no failure. */
  remove(layers: Iterable<LayerId>): Promise<void>;
}

/** A layer that is being written. Disposing one that was not committed removes it. */
export interface WritableLayer extends AsyncDisposable {
  /** How to see the tree and write to it. */
  mount(): Mount;
  /** Folder that receives the changes, for those who write whole layers (unpacking a tar into overlay's form). */
  readonly upper: string;
  /** Makes it a committed layer: atomic and durable against kill -9. */
  commit(): Promise<LayerId>;
}
