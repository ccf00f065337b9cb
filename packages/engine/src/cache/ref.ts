import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';
import type { Work } from '../progress/work.ts';
import type { Mount, Mounted } from '../snapshot/mount.ts';
import type { Chain } from '../snapshot/snapshotter.ts';
import type { HostTree } from './tree.ts';

/** Names what a ref holds, across builds and processes: the same id gives the same tree for ever. */
export type RefId = string & { readonly __ref?: never };

/** BuildKit's record types (DMN-005), by which prune policies choose, and one of our own: what a failed step left. */
export type RecordType =
  | 'regular'
  | 'internal'
  | 'frontend'
  | 'source.local'
  | 'source.git.checkout'
  | 'exec.cachemount'
  | 'exec.failed';

/** A layer's bytes as an image carries them. */
export interface LayerBlob {
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  readonly compression: Compression;
  readonly provider: Provider;
  /** Unix seconds; the history entry's time where it has none. */
  readonly createdAt?: number;
  /** What made it (a ref's `description`); the history entry of a layer that no instruction tells of. */
  readonly description?: string;
}

/** How a layer's blob is wanted. */
export interface BlobOptions extends Work {
  readonly compression: Compression;
  /** Level of that compression; its default when left out. */
  readonly level?: number;
  /** Also convert layers that have a blob of another compression (base images'). */
  readonly force?: boolean;
  /** Caps every entry's mtime at this Unix time in seconds (`rewrite-timestamp`), for layers after the first `keep`. */
  readonly epoch?: number;
  readonly keep?: number;
}

/** A counted hold on a finished tree. Disposing lets go; the tree stays in the cache until gc takes it. */
export interface ImmutableRef extends AsyncDisposable {
  readonly id: RefId;
  /**
   * Set where the tree lies on this machine as it is and is in no snapshot yet (a client's folder): whoever only reads
   * uses this, because every other member first copies the tree into a snapshot.
   */
  readonly tree?: HostTree;
  /** Its layers, lowest first. Layers of a pulled image may still be remote; `mount` and `chain` fetch them. */
  chain(work: Work): Promise<Chain>;
  /** How to see the tree, read-only. */
  view(work: Work): Promise<Mount>;
  /** The tree mounted read-only in this process. */
  mount(work: Work): Promise<Mounted>;
  /** One blob a layer, lowest first; made, compressed and kept where there is none yet. */
  blobs(options: BlobOptions): Promise<readonly LayerBlob[]>;
  /** One more hold on the same tree. */
  clone(): ImmutableRef;
}

/** A tree that is being written. Disposing without `commit` drops it. */
export interface MutableRef extends AsyncDisposable {
  /** How to see and write the tree. */
  view(): Mount;
  /** The tree mounted writable in this process. */
  mount(): Promise<Mounted>;
  /** Folder that receives the changes. */
  readonly upper: string;
  commit(as?: CommitOptions): Promise<ImmutableRef>;
}

/** What is told of a tree when it is finished, beside what was told when it was begun. */
export interface CommitOptions {
  readonly description?: string;
  readonly recordType?: RecordType;
  /** Other trees that stay as long as this one does. */
  readonly needs?: readonly RefId[];
  /** Anything that msgpack knows: it is kept with the tree, and goes with it (`Cache.noted`). */
  readonly note?: object;
}
