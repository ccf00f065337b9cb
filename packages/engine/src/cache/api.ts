import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import type { Copies } from './copies.ts';
import type { BlobOptions, ImmutableRef, LayerBlob, MutableRef, RecordType, RefId } from './ref.ts';

/** A layer of an image that may still be elsewhere. */
export interface RemoteLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly provider: Provider;
  readonly createdAt?: number;
}

export interface RefOptions {
  readonly description: string;
  readonly recordType?: RecordType;
}

/** The refs of one cache folder. `openCache` (cache.ts) makes one. */
export interface Cache {
  /** A hold on what `id` names, or undefined if gc took it (or it is damaged). Marks it as used. */
  get(id: RefId): Promise<ImmutableRef | undefined>;
  /** Whether `id` names something that is there; holds nothing and marks nothing. */
  has(id: RefId): boolean;
  /** Whether `get` would give it; holds nothing and marks nothing. */
  ready(id: RefId): boolean;
  /** The empty tree. */
  readonly scratch: ImmutableRef;
  /** A writable tree on top of `parent`. */
  create(parent: ImmutableRef | undefined, options: RefOptions & Work): Promise<MutableRef>;
  /** An image's layers as a ref, lowest first. Nothing is fetched until somebody mounts it; equal chains are one ref. */
  fromLayers(layers: readonly RemoteLayer[], options: RefOptions): Promise<ImmutableRef>;
  /** The same once all bytes are here that its trees are made of. What can't be had leaves nothing behind. */
  fetchLayers(layers: readonly RemoteLayer[], options: RefOptions & Work): Promise<ImmutableRef>;
  /** Those of an image's layers, lowest first, whose bytes would have to be fetched for its tree. */
  missing(layers: readonly RemoteLayer[]): Promise<readonly RemoteLayer[]>;
  /** A ref's blobs as `blobs` gives them if each is there already, else undefined; makes none. */
  keptBlobs(ref: ImmutableRef, options: Omit<BlobOptions, keyof Work>): Promise<readonly LayerBlob[] | undefined>;
  /** The trees on top of each other, as MergeOp does. */
  merge(refs: readonly ImmutableRef[], options: RefOptions & Work): Promise<ImmutableRef>;
  /** What `upper` changes of `lower`, as DiffOp does. */
  diff(
    lower: ImmutableRef | undefined,
    upper: ImmutableRef | undefined,
    options: RefOptions & Work,
  ): Promise<ImmutableRef>;
  /** The folder of a cache mount (RUN --mount=type=cache), held with its sharing mode until disposed. */
  cacheMount(id: string, options: CacheMountOptions & Work): Promise<CacheMountHold>;
  /** Empties a cache mount (`--no-cache`). */
  clearCacheMount(id: string): Promise<void>;
  /** The id by which any process finds this tree; a client's folder becomes a snapshot for it. */
  lasting(ref: ImmutableRef, work: Work): Promise<RefId>;
  /** Trees of a type that were committed with a note; holds none of them. */
  noted(type: RecordType): Iterable<NotedTree>;
  /** Removes a tree that was made here, at once, unless somebody holds it or builds on it. Says whether it is gone. */
  drop(id: RefId): Promise<boolean>;
  /** Bytes of the files in a tree's uppermost layer, at once where they are few; 0 unless it was made here. */
  layerBytes(ref: ImmutableRef, options: Pick<Work, 'signal'>): number | Promise<number>;
  /** What copies of clients' folders wrote. */
  readonly copies: Copies;
  usage(): Promise<readonly UsageRecord[]>;
  prune(policy: PrunePolicy, work: Work): Promise<readonly UsageRecord[]>;
}

/** A tree with what its maker wrote down when it was committed. */
export interface NotedTree {
  readonly id: RefId;
  /** As it was given; whoever reads it checks it. */
  readonly note: object;
}

export interface CacheMountOptions {
  readonly sharing: 'shared' | 'private' | 'locked';
  /** Copied in when the folder is made. */
  readonly seed?: ImmutableRef;
  readonly seedPath?: string;
  /** Owner and mode of a folder made without a seed. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly mode?: number;
}

export interface CacheMountHold extends AsyncDisposable {
  readonly path: string;
}

/** One row of `du` (DMN-005). Sizes in bytes, times in milliseconds since the epoch. */
export interface UsageRecord {
  readonly id: string;
  readonly description: string;
  readonly recordType: RecordType;
  readonly size: number;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  readonly usageCount: number;
  readonly inUse: boolean;
  readonly mutable: boolean;
  readonly shared: boolean;
  readonly parents: readonly string[];
}

/** What may be taken (DMN-006, DMN-017). */
export interface PrunePolicy {
  /** Only what is older than this, in milliseconds since last use. */
  readonly keepDuration?: number;
  /** Stop once the cache is at or below this many bytes. */
  readonly keepStorage?: number;
  readonly types?: readonly RecordType[];
  /** Also internal and frontend records. */
  readonly all?: boolean;
}
