// Trees that are remembered. A ref is a hold on a list of layers; this file makes them, finds them again by their id, and
// puts them together. It does not know what they are results of: that is the solver's. `openCache` is the room's door.
import { DiskStore } from '../content/disk.ts';
import type { Index } from '../index/index.ts';
import { openIndex } from '../index/index.ts';
import { chainId } from '../oci/chain-id.ts';
import type { Pool } from '../pool/pool.ts';
import type { Work } from '../progress/work.ts';
import type { Snapshotter, WritableLayer } from '../snapshot/snapshotter.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { Flight } from '../std/flight.ts';
import type {
  Cache,
  CacheMountHold,
  CacheMountOptions,
  PrunePolicy,
  RefOptions,
  RemoteLayer,
  UsageRecord,
} from './api.ts';
import { CacheMounts } from './cache-mounts.ts';
import { type Claims, claimsIn, sweepClaims } from './claim.ts';
import { type CacheFolder, openFolder } from './folder.ts';
import { Images } from './images.ts';
import { type DeadOwner, type Lease, OwnLease, sweepLeases } from './lease.ts';
import type { Parts } from './parts.ts';
import { freed, type LayerKey, openRecords, original, type RefRecord, refIdOf, scratchId } from './records.ts';
import type { ImmutableRef, MutableRef, RefId } from './ref.ts';
import { LayerBeingWritten, LayeredRef } from './refs.ts';
import { Touches } from './touches.ts';

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
    claims: claimsIn(folder.locks),
    pool,
    snapshotter: () => (opening ??= openTrees(folder.layers, { pool, ...(snapshotter && { kind: snapshotter }) })),
    elsewhere: new Map(),
    touches: new Touches(index, records),
    unpacking: new Flight(),
    packing: new Flight(),
  };
  const cache = new LayeredCache(parts, async () => (await opening)?.[Symbol.asyncDispose]());
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

async function openTrees(
  root: string,
  options: { readonly pool: Pool; readonly kind?: Snapshotter['kind'] | 'auto' },
): Promise<Snapshotter> {
  const { openSnapshotter } = await import('../snapshot/open.ts');
  return openSnapshotter(root, options);
}

class LayeredCache implements OpenCache {
  readonly scratch: ImmutableRef;
  readonly images: Images;
  readonly mounts: CacheMounts;
  readonly #parts: Parts;
  readonly #closeTrees: () => Promise<void>;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts, closeTrees: () => Promise<void>) {
    this.#parts = parts;
    this.#closeTrees = closeTrees;
    this.images = new Images(parts.index, parts.content);
    this.mounts = new CacheMounts(parts);
    this.scratch = this.#hold(scratchId, []);
  }

  get folder(): CacheFolder {
    return this.#parts.folder;
  }

  get lease(): Lease {
    return this.#parts.lease;
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

  async get(id: RefId): Promise<ImmutableRef | undefined> {
    if (id === scratchId) return this.scratch.clone();
    const { lease, index, records, touches } = this.#parts;
    // In this order; see lease.ts.
    lease.hold(id);
    index.refresh();
    const record = records.refs.get(id);
    if (!record || record.going || (record.lazy && !this.#reachable(record))) {
      lease.release(id);
      return undefined;
    }
    touches.add(id);
    return new LayeredRef(this.#parts, id, record.layers);
  }

  /** Whether each layer is here, or known to be somewhere. */
  #reachable({ layers }: RefRecord): boolean {
    const { records, elsewhere, content } = this.#parts;
    return layers.every((key) => {
      if (elsewhere.has(original(key))) return true;
      const layer = records.layers.get(original(key));
      if (layer?.snapshot !== undefined) return true;
      return layer?.blob !== undefined && content.use(layer.blob.descriptor.digest) !== undefined;
    });
  }

  async create(parent: ImmutableRef | undefined, options: RefOptions & Work): Promise<MutableRef> {
    const held = (parent ?? this.scratch).clone();
    try {
      const chain = await held.chain(options);
      const below = this.#layersOf(held, chain);
      const layer = await (await this.#parts.snapshotter()).prepare(chain);
      const keep = (finished: WritableLayer) => this.#keep(finished, { below, parent: held.id, options });
      return new LayerBeingWritten(layer, { parent: held, keep });
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw asDiskFull(error, this.folder.path);
    }
  }

  async #keep(
    layer: WritableLayer,
    {
      below,
      parent,
      options,
    }: { readonly below: readonly LayerKey[]; readonly parent: RefId; readonly options: RefOptions },
  ): Promise<ImmutableRef> {
    const snapshot = await layer.commit();
    try {
      return await this.#remember([...below, snapshot], {
        ...options,
        parents: parent === scratchId ? [] : [parent],
        layers: () => this.#parts.records.layers.put(snapshot, { snapshot, below }),
      });
    } catch (error) {
      await (await this.#parts.snapshotter()).remove([snapshot]);
      throw error;
    }
  }

  async fromLayers(layers: readonly RemoteLayer[], options: RefOptions): Promise<ImmutableRef> {
    const { elsewhere, records } = this.#parts;
    const keys: LayerKey[] = [];
    for (const [i, layer] of layers.entries()) {
      const key = i === 0 ? layer.diffId : chainId([keys[i - 1] as RemoteLayer['diffId'], layer.diffId]);
      keys.push(key);
      elsewhere.set(key, layer);
    }
    const news = layers.some(({ descriptor }, i) => {
      const kept = records.layers.get(keys[i]!);
      // Only unpacking shows that a blob holds its layer. Until then the image that was named last is believed.
      return kept?.snapshot === undefined && kept?.blob?.descriptor.digest !== descriptor.digest;
    });
    const known = news ? undefined : await this.get(refIdOf(keys));
    if (known) return known;
    return this.#remember(keys, {
      ...options,
      parents: [],
      lazy: true,
      layers: () => {
        for (const [i, { descriptor, diffId, createdAt }] of layers.entries()) {
          const kept = records.layers.get(keys[i]!);
          const blob = { descriptor, diffId, ...(createdAt !== undefined && { createdAt }) };
          if (kept?.snapshot === undefined) records.layers.put(keys[i]!, { below: keys.slice(0, i), blob });
        }
      },
    });
  }

  async merge(refs: readonly ImmutableRef[], options: RefOptions & Work): Promise<ImmutableRef> {
    const [base, ...others] = refs.filter(({ id }) => id !== scratchId);
    if (!base) return this.scratch.clone();
    if (others.length === 0) return base.clone();
    const layers = [...(await this.#layers(base, options))];
    for (const other of others) layers.push(...(await this.#layers(other, options)).map((key) => this.#free(key)));
    return this.#remember(layers, { ...options, parents: refs.map(({ id }) => id), lazy: true });
  }

  async diff(
    lower: ImmutableRef | undefined,
    upper: ImmutableRef | undefined,
    options: RefOptions & Work,
  ): Promise<ImmutableRef> {
    const [from, to] = [lower ?? this.scratch, upper ?? this.scratch];
    if (from.id === scratchId) return to.clone();
    if (from.id === to.id) return this.scratch.clone();
    const [below, above] = [await this.#layers(from, options), await this.#layers(to, options)];
    const parents = [from.id, to.id].filter((id) => id !== scratchId);
    if (below.every((key, i) => above[i] === key)) {
      const rest = above.slice(below.length).map((key) => this.#free(key));
      return this.#remember(rest, { ...options, parents, lazy: true });
    }
    const { diffLayer } = await import('../snapshot/merge.ts');
    const [a, b] = [await from.chain(options), await to.chain(options)];
    const snapshotter = await this.#parts.snapshotter();
    const work = { lower: a, upper: b, pool: this.#parts.pool, signal: options.signal };
    const snapshot = await diffLayer(snapshotter, work);
    try {
      // Its changes are told from `below`, also in its blob; the tree itself stands alone.
      const layers = () => this.#parts.records.layers.put(snapshot, { snapshot, below });
      return await this.#remember([snapshot], { ...options, parents, layers });
    } catch (error) {
      await snapshotter.remove([snapshot]);
      throw error;
    }
  }

  /** The layer as it is put on other trees. One that was made on nothing says nothing of what is below it anyway. */
  #free(key: LayerKey): LayerKey {
    return this.#parts.records.layers.get(original(key))?.below.length === 0 ? key : freed(key);
  }

  /** The layers of a ref, which may be one of another kind that only has a chain. */
  async #layers(ref: ImmutableRef, work: Work): Promise<readonly LayerKey[]> {
    return ref instanceof LayeredRef ? ref.layers : this.#layersOf(ref, await ref.chain(work));
  }

  #layersOf(ref: ImmutableRef, chain: readonly LayerKey[]): readonly LayerKey[] {
    // Layers that were made here have their snapshot's id as key; an image's layers come only in refs of our own.
    return ref instanceof LayeredRef ? ref.layers : chain;
  }

  /** Writes down a ref and gives the first hold on it. */
  async #remember(layers: readonly LayerKey[], facts: RefFacts): Promise<ImmutableRef> {
    const { index, records } = this.#parts;
    const id = refIdOf(layers);
    if (id === scratchId) return this.scratch.clone();
    const ref = this.#hold(id, layers);
    try {
      await index.write(() => {
        facts.layers?.();
        const known = records.refs.get(id);
        const now = Date.now();
        if (known && !known.going) return;
        records.refs.put(id, {
          layers,
          description: facts.description,
          type: facts.recordType ?? 'regular',
          createdAt: now,
          lastUsedAt: now,
          usageCount: 1,
          parents: facts.parents,
          ...(facts.lazy && { lazy: true as const }),
        });
      });
      return ref;
    } catch (error) {
      await ref[Symbol.asyncDispose]();
      throw error;
    }
  }

  #hold(id: RefId, layers: readonly LayerKey[]): LayeredRef {
    this.#parts.lease.hold(id);
    return new LayeredRef(this.#parts, id, layers);
  }

  cacheMount(id: string, options: CacheMountOptions & Work): Promise<CacheMountHold> {
    return this.mounts.hold(id, options);
  }

  clearCacheMount(id: string): Promise<void> {
    return this.mounts.clear(id);
  }

  async usage(): Promise<readonly UsageRecord[]> {
    const { usage } = await import('./usage.ts');
    return usage(this.#parts, this);
  }

  async prune(policy: PrunePolicy, work: Work): Promise<readonly UsageRecord[]> {
    const { prune } = await import('./gc.ts');
    return prune(this.#parts, policy, { mounts: this.mounts, images: this.images, signal: work.signal });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    const { index, lease, touches } = this.#parts;
    touches.flush();
    await this.#closeTrees();
    await index[Symbol.asyncDispose]();
    lease[Symbol.dispose]();
  }
}

interface RefFacts extends RefOptions {
  readonly parents: readonly RefId[];
  /** Some of its layers may be elsewhere still. */
  readonly lazy?: boolean;
  /** Writes down layers that nobody knew. */
  readonly layers?: () => void;
}
