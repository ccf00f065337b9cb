// The door of the room: opens a cache folder and joins what lives in it. The cache remembers trees and gives holds on them
// (trees.ts); it does not know what they are results of: that is the solver's.

import { DiskStore } from '../content/disk.ts';
import { type Index, openIndex } from '../index/index.ts';
import type { Pool } from '../pool/pool.ts';
import type { Work } from '../progress/work.ts';
import type { Snapshotter } from '../snapshot/snapshotter.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { Flight } from '../std/flight.ts';
import type { Cache, CacheMountHold, CacheMountOptions, NotedTree, PrunePolicy, UsageRecord } from './api.ts';
import { CacheMounts } from './cache-mounts.ts';
import { ChangeMark } from './changed.ts';
import { type Claims, claimsIn, sweepClaims } from './claim.ts';
import { Copies } from './copies.ts';
import { type CacheFolder, openFolder } from './folder.ts';
import { Images } from './images.ts';
import { type DeadOwner, type Lease, OwnLease, sweepLeases } from './lease.ts';
import type { Parts } from './parts.ts';
import { openRecords } from './records.ts';
import type { RecordType, RefId } from './ref.ts';
import { Touches } from './touches.ts';
import { Trees } from './trees.ts';

export interface CacheOptions {
  readonly pool: Pool;
  /** How trees are kept; by default as the folder's file system allows. */
  readonly snapshotter?: Snapshotter['kind'] | 'auto';
  /** Called for each lease whose owner is dead, so that other rooms clean up what it left outside of the cache. */
  readonly deadOwners?: readonly DeadOwner[];
}

/** An open cache with what else lives in its folder. */
export interface OpenCache extends Cache, AsyncDisposable {
  readonly folder: CacheFolder;
  readonly lease: Lease;
  readonly index: Index;
  readonly content: DiskStore;
  readonly images: Images;
  readonly claims: Claims;
  /** Whether no other process changed a name or pruned since this was opened. */
  readonly onlyOurs: boolean;
  /** Opened by the first who asks. */
  readonly snapshotter: () => Promise<Snapshotter>;
}

/**
 * Opens the cache in the folder `path` (see `cachePath`), which is made if it is not there, and removes what dead
 * processes left half done. Fails with `cache-folder`, `cache-layout` or `disk-full`.
 */
export async function openCache(
  path: string,
  { pool, snapshotter, deadOwners = [] }: CacheOptions,
): Promise<OpenCache> {
  const folder = openFolder(path);
  let lease: OwnLease;
  try {
    lease = new OwnLease(folder.leases);
  } catch (error) {
    throw asDiskFull(error, path);
  }
  const index = openIndex(folder.index);
  const content = new DiskStore(folder.content, { owner: lease.id });
  const records = openRecords(index);
  let opening: Promise<Snapshotter> | undefined;
  const parts: Parts = {
    folder,
    index,
    records,
    content,
    lease,
    claims: seeing(claimsIn(folder.locks), index),
    pool,
    snapshotter: () => (opening ??= openTrees(folder.layers, { pool, ...(snapshotter && { kind: snapshotter }) })),
    elsewhere: new Map(),
    touches: new Touches(index, records),
    unpacking: new Flight(),
    packing: new Flight(),
  };
  const cache = new FolderCache(parts, async () => (await opening)?.[Symbol.asyncDispose]());
  let dead = false;
  const leftovers: DeadOwner = async (owner) => {
    dead = true;
    await content.sweep(owner);
    await cache.mounts.sweep(owner);
  };
  try {
    await sweepLeases(folder.leases, lease, [leftovers, ...deadOwners]);
    if (dead) {
      const { removeUnknown } = await import('./gc.ts');
      await removeUnknown(parts); // opening the trees removes half ones, too
      sweepClaims(folder.locks);
      index.sweep();
    }
  } catch (error) {
    await cache[Symbol.asyncDispose]();
    throw error;
  }
  return cache;
}

/** Claims after which reads see what the one before wrote. */
function seeing(claims: Claims, index: Index): Claims {
  return async (name, options) => {
    const claim = await claims(name, options);
    index.refresh();
    return claim;
  };
}

async function openTrees(
  root: string,
  options: { readonly pool: Pool; readonly kind?: Snapshotter['kind'] | 'auto' },
): Promise<Snapshotter> {
  const { openSnapshotter } = await import('../snapshot/open.ts');
  return openSnapshotter(root, options);
}

class FolderCache extends Trees implements OpenCache {
  readonly images: Images;
  readonly mounts: CacheMounts;
  readonly copies: Copies;
  readonly #changes: ChangeMark;
  readonly #parts: Parts;
  readonly #closeTrees: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts, closeTrees: () => Promise<void>) {
    super(parts);
    this.#parts = parts;
    this.#closeTrees = closeTrees;
    this.#changes = new ChangeMark(parts.folder);
    this.images = new Images(parts.index, parts.content, () => this.#changes.mark());
    this.mounts = new CacheMounts(parts);
    this.copies = new Copies(parts.folder);
  }

  get folder(): CacheFolder {
    return this.#parts.folder;
  }

  get lease(): Lease {
    return this.#parts.lease;
  }

  get onlyOurs(): boolean {
    return this.#changes.onlyOurs;
  }

  get index(): Index {
    return this.#parts.index;
  }

  get content(): DiskStore {
    return this.#parts.content;
  }

  get claims(): Claims {
    return this.#parts.claims;
  }

  get snapshotter(): () => Promise<Snapshotter> {
    return this.#parts.snapshotter;
  }

  cacheMount(id: string, options: CacheMountOptions & Work): Promise<CacheMountHold> {
    return this.mounts.hold(id, options);
  }

  clearCacheMount(id: string): Promise<void> {
    return this.mounts.clear(id);
  }

  *noted(type: RecordType): Generator<NotedTree> {
    const { index, records } = this.#parts;
    index.refresh();
    for (const [id, record] of records.refs.entries()) {
      if (record.type === type && record.note && !record.going) yield { id, note: record.note };
    }
  }

  async drop(id: RefId): Promise<boolean> {
    const { drop } = await import('./gc.ts');
    return drop(this.#parts, id);
  }

  async usage(): Promise<readonly UsageRecord[]> {
    const { usage } = await import('./usage.ts');
    return usage(this.#parts, this);
  }

  async prune(policy: PrunePolicy, work: Work): Promise<readonly UsageRecord[]> {
    const { prune } = await import('./gc.ts');
    const { mounts, images } = this;
    const onChange = () => this.#changes.mark();
    const pruned = await prune(this.#parts, policy, { mounts, images, signal: work.signal, onChange });
    this.copies.sweep();
    return pruned;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { index, lease, touches, unpacking, packing } = this.#parts;
    touches.flush();
    // Who left it did not wait until it had cleared away what it began.
    await Promise.all([unpacking.idle(), packing.idle()]);
    await this.#closeTrees();
    await index[Symbol.asyncDispose]();
    lease[Symbol.dispose]();
  }
}
