import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chainId } from '../oci/chain-id.ts';
import type { Work } from '../progress/work.ts';
import type { WritableLayer } from '../snapshot/snapshotter.ts';
import { asDiskFull } from '../std/disk-full.ts';
import type { Cache, RefOptions, RemoteLayer } from './api.ts';
import { layerBytes } from './layer-bytes.ts';
import type { Parts } from './parts.ts';
import { freed, type LayerKey, madeHere, original, type RefRecord, refIdOf, scratchId } from './records.ts';
import type { BlobOptions, CommitOptions, ImmutableRef, LayerBlob, MutableRef, RefId } from './ref.ts';
import { LayerBeingWritten, LayeredRef } from './refs.ts';

/** Makes refs, finds them again by their id, and puts them together. */
export class Trees implements Pick<
  Cache,
  | 'scratch'
  | 'get'
  | 'ready'
  | 'missing'
  | 'create'
  | 'fromLayers'
  | 'fetchLayers'
  | 'keptBlobs'
  | 'lasting'
  | 'layerBytes'
  | 'merge'
  | 'diff'
> {
  readonly scratch: ImmutableRef;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.scratch = LayeredRef.hold(parts, scratchId, []);
  }

  async get(id: RefId): Promise<ImmutableRef | undefined> {
    if (id === scratchId) return this.scratch.clone();
    const { lease, index, records, touches } = this.#parts;
    // In this order; see lease.ts.
    lease.hold(id);
    index.refresh();
    const record = records.refs.get(id);
    if (!record || record.going || !this.#isHere(record)) {
      lease.release(id);
      return undefined;
    }
    touches.add(id);
    return new LayeredRef(this.#parts, id, record.layers);
  }

  /**
   * Whether a ref's tree can be had. Each layer of an image must be here or known to be somewhere. Of layers that were made
   * here, the last one's folder is looked for: a machine that loses power may lose what was made last.
   */
  #isHere({ layers, lazy }: RefRecord): boolean {
    const { records, elsewhere, content, folder } = this.#parts;
    const top = layers.at(-1)!;
    if (!lazy) return existsSync(join(folder.layers, madeHere(top) ?? records.layers.get(top)?.snapshot ?? top));
    return layers.every((key) => {
      if (elsewhere.has(original(key))) return true;
      const layer = records.layers.get(original(key));
      if (layer?.snapshot !== undefined && existsSync(join(folder.layers, layer.snapshot))) return true;
      return layer?.blob !== undefined && content.use(layer.blob.descriptor.digest) !== undefined;
    });
  }

  has(id: RefId): boolean {
    const record = this.#parts.records.refs.get(id);
    return id === scratchId || (record !== undefined && !record.going);
  }

  ready(id: RefId): boolean {
    const record = this.#parts.records.refs.get(id);
    return id === scratchId || (record !== undefined && !record.going && this.#isHere(record));
  }

  async create(parent: ImmutableRef | undefined, options: RefOptions & Work): Promise<MutableRef> {
    const held = (parent ?? this.scratch).clone();
    try {
      const chain = await held.chain(options);
      const below = this.#layersOf(held, chain);
      const layer = await (await this.#parts.snapshotter()).prepare(chain);
      const keep = (finished: WritableLayer, { needs = [], ...as }: CommitOptions) => {
        const parents = [...new Set([held.id, ...needs])].filter((id) => id !== scratchId);
        return this.#keep(finished, { below, parents, options: { ...options, ...as } });
      };
      return new LayerBeingWritten(layer, { parent: held, keep });
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw asDiskFull(error, this.#parts.folder.path);
    }
  }

  async #keep(
    layer: WritableLayer,
    {
      below,
      parents,
      options,
    }: {
      readonly below: readonly LayerKey[];
      readonly parents: readonly RefId[];
      readonly options: RefOptions & Pick<CommitOptions, 'note'>;
    },
  ): Promise<ImmutableRef> {
    const snapshot = await layer.commit();
    try {
      return await this.#remember([...below, snapshot], {
        ...options,
        parents,
        layers: () => this.#parts.records.layers.put(snapshot, { snapshot, below }),
      });
    } catch (error) {
      await (await this.#parts.snapshotter()).remove([snapshot]);
      throw error;
    }
  }

  async fromLayers(layers: readonly RemoteLayer[], options: RefOptions): Promise<ImmutableRef> {
    const { elsewhere, records } = this.#parts;
    const keys = keysOf(layers);
    for (const [i, layer] of layers.entries()) elsewhere.set(keys[i]!, layer);
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

  async fetchLayers(layers: readonly RemoteLayer[], options: RefOptions & Work): Promise<ImmutableRef> {
    const { fetchBlob, snapshotOf } = await import('./layers.ts');
    const keys = keysOf(layers);
    const missing = layers.filter((_, i) => snapshotOf(this.#parts, keys[i]!) === undefined);
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const fetches = missing.map((layer) => fetchBlob(this.#parts, layer, { signal }));
    for (const fetch of fetches) fetch.catch((error: unknown) => stop.abort(error));
    const outcomes = await Promise.allSettled(fetches);
    options.signal.throwIfAborted();
    if (outcomes.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
    return this.fromLayers(layers, options);
  }

  async missing(layers: readonly RemoteLayer[]): Promise<readonly RemoteLayer[]> {
    const { snapshotOf } = await import('./layers.ts');
    const keys = keysOf(layers);
    // What lies below a layer that is unpacked was unpacked, too.
    const news = layers.slice(keys.findLastIndex((key) => snapshotOf(this.#parts, key) !== undefined) + 1);
    return news.filter(({ descriptor }) => this.#parts.content.size(descriptor.digest) === undefined);
  }

  async keptBlobs(
    ref: ImmutableRef,
    options: Omit<BlobOptions, keyof Work>,
  ): Promise<readonly LayerBlob[] | undefined> {
    if (!(ref instanceof LayeredRef)) return undefined;
    const { keptBlobsOf } = await import('./blobs.ts');
    return keptBlobsOf(this.#parts, ref.layers, options);
  }

  layerBytes(ref: ImmutableRef, options: Pick<Work, 'signal'>): number | Promise<number> {
    return ref instanceof LayeredRef ? layerBytes(this.#parts, ref.layers.at(-1), options) : 0;
  }

  async lasting(ref: ImmutableRef, work: Work): Promise<RefId> {
    return ref instanceof LayeredRef ? ref.id : refIdOf(await ref.chain(work));
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
    const { index, records, touches } = this.#parts;
    const id = refIdOf(layers);
    if (id === scratchId) return this.scratch.clone();
    const ref = LayeredRef.hold(this.#parts, id, layers);
    try {
      await index.write(() => {
        facts.layers?.();
        const known = records.refs.get(id);
        if (known && !known.going) return;
        records.refs.put(id, {
          layers,
          description: facts.description,
          type: facts.recordType ?? 'regular',
          createdAt: Date.now(),
          parents: facts.parents,
          ...(facts.lazy && { lazy: true as const }),
          ...(facts.note && { note: facts.note }),
        });
      });
      touches.add(id);
      return ref;
    } catch (error) {
      await ref[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/** The keys of an image's layers: chain IDs. */
function keysOf(layers: readonly RemoteLayer[]): readonly LayerKey[] {
  const keys: RemoteLayer['diffId'][] = [];
  for (const { diffId } of layers) keys.push(keys.length === 0 ? diffId : chainId([keys.at(-1)!, diffId]));
  return keys;
}

interface RefFacts extends RefOptions {
  readonly parents: readonly RefId[];
  /** Some of its layers may be elsewhere still. */
  readonly lazy?: boolean;
  /** Writes down layers that nobody knew. */
  readonly layers?: () => void;
  readonly note?: object;
}
