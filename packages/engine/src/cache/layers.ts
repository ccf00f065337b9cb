// From layers to folders: an image's layers are fetched and unpacked when somebody first needs the tree, each one once,
// whoever else wants it, in this process or another.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '../content/store.ts';
import type { Chain, LayerId, Snapshotter } from '../snapshot/snapshotter.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { Failed } from '../std/failed.ts';
import type { CacheFailure } from './failure.ts';
import type { Parts } from './parts.ts';
import { type LayerKey, type LayerRecord, type LayerSource, madeHere, original } from './records.ts';

interface Stop {
  readonly signal: AbortSignal;
}

/** The folders of these layers, made where they are not there. A layer that comes twice counts where it is uppermost. */
export async function chainOf(parts: Parts, keys: readonly LayerKey[], { signal }: Stop): Promise<Chain> {
  const wanted = keys.filter((key, i) => keys.lastIndexOf(key) === i);
  const missing = wanted.filter((key) => snapshotOf(parts, key) === undefined);
  if (missing.length > 0) {
    const stop = new AbortController();
    const both = { signal: AbortSignal.any([signal, stop.signal]) };
    // Downloads go side by side, unpacking one after the other because each needs what is below it.
    const fetches = missing.map((key) => fetchLayer(parts, original(key), both));
    for (const fetch of fetches) fetch.catch((error: unknown) => stop.abort(error));
    try {
      for (const key of missing) await ensureLayer(parts, key, both);
    } catch (error) {
      stop.abort(error);
      throw signal.aborted ? signal.reason : stop.signal.reason;
    } finally {
      await Promise.allSettled(fetches);
    }
  }
  const snapshots = wanted.map((key) => {
    const snapshot = snapshotOf(parts, key);
    if (snapshot === undefined) throw layerMissing(`layer ${key} was removed while it was used`);
    return snapshot;
  });
  return snapshots.filter((id, i) => snapshots.lastIndexOf(id) === i);
}

/** A layer's snapshot if it has one. One that can be made again counts only if its folder is really there. */
export function snapshotOf({ records, folder }: Pick<Parts, 'records' | 'folder'>, key: LayerKey): LayerId | undefined {
  const made = madeHere(key);
  if (made !== undefined) return made;
  const snapshot = records.layers.get(key)?.snapshot;
  return snapshot !== undefined && existsSync(join(folder.layers, snapshot)) ? snapshot : undefined;
}

async function ensureLayer(parts: Parts, key: LayerKey, options: Stop): Promise<void> {
  if (snapshotOf(parts, key) !== undefined) return;
  await parts.unpacking.run(key, options, async (signal) => {
    await using _claim = await parts.claims(`layer ${key}`, { signal });
    if (snapshotOf(parts, key) !== undefined) return;
    const make = key === original(key) ? unpack : free;
    const made = await make(parts, key, { signal }).catch((error: unknown) => {
      throw asDiskFull(error, parts.folder.layers);
    });
    try {
      await parts.index.write(() => {
        const now = parts.records.layers.get(key) ?? made.record;
        // From now on its blob is the one that is known to hold this very layer.
        parts.records.layers.put(key, { ...now, snapshot: made.snapshot, ...(made.blob && { blob: made.blob }) });
      });
    } catch (error) {
      if (made.isNew) await (await parts.snapshotter()).remove([made.snapshot]);
      throw error;
    }
  });
}

interface MadeLayer {
  readonly snapshot: LayerId;
  readonly isNew: boolean;
  /** What is known of the layer if nobody wrote it down yet. */
  readonly record: LayerRecord;
  /** What it was unpacked from. */
  readonly blob?: LayerSource;
}

async function unpack(parts: Parts, key: LayerKey, { signal }: Stop): Promise<MadeLayer> {
  const record = parts.records.layers.get(key);
  const source = await fetchLayer(parts, key, { signal });
  if (!record || !source) throw layerMissing(`layer ${key} was removed while it was used`);
  const { descriptor, diffId, createdAt } = source;
  const below = await chainOf(parts, record.below, { signal });
  const { applyLayer } = await import('../snapshot/apply.ts');
  const snapshotter = await parts.snapshotter();
  await using layer = await snapshotter.prepare(below, { unpack: true });
  const work = {
    blob: parts.content.path(descriptor.digest),
    upper: layer.upper,
    below: foldersOf(snapshotter, below),
    diffId,
  };
  await parts.pool.run(applyLayer, work, { signal });
  const blob = { descriptor, diffId, ...(createdAt !== undefined && { createdAt }) };
  return { snapshot: await layer.commit(), isNew: true, record, blob };
}

async function free(parts: Parts, key: LayerKey, options: Stop): Promise<MadeLayer> {
  const from = original(key);
  const [made] = (await chainOf(parts, [from], options)) as [LayerId];
  const { below } = parts.records.layers.get(from)!;
  const chain = await chainOf(parts, below, options);
  const { freeLayer } = await import('../snapshot/merge.ts');
  const snapshotter = await parts.snapshotter();
  const snapshot = await freeLayer(snapshotter, made, { below: chain, pool: parts.pool, signal: options.signal });
  return { snapshot, isNew: snapshot !== made, record: { below } };
}

/** A chain's folders in mount(2)'s order: the uppermost first. */
export function foldersOf(snapshotter: Snapshotter, chain: Chain): string[] {
  return chain.map((layer) => snapshotter.folder(layer)).reverse();
}

/** Where the blob of an image's layer can be had now; undefined if nowhere, or if the layer was made here. */
export function sourceOf(parts: Parts, key: LayerKey): (LayerSource & { readonly provider: Provider }) | undefined {
  const told = parts.elsewhere.get(key);
  if (told)
    return parts.content.use(told.descriptor.digest) === undefined ? told : { ...told, provider: parts.content };
  const kept = parts.records.layers.get(key)?.blob;
  if (!kept || parts.content.use(kept.descriptor.digest) === undefined) return undefined;
  return { ...kept, provider: parts.content };
}

/** Brings the blob of an image's layer here, unless its tree is here already: then there is nothing to say. */
async function fetchLayer(parts: Parts, key: LayerKey, { signal }: Stop): Promise<LayerSource | undefined> {
  if (snapshotOf(parts, key) !== undefined) return undefined;
  const source = sourceOf(parts, key);
  if (!source) {
    const digest = parts.records.layers.get(key)?.blob?.descriptor.digest;
    throw layerMissing(`layer ${digest ?? key} is not here, and no image names it`);
  }
  await fetchBlob(parts, source, { signal });
  return source;
}

/** Brings a blob into the cache's content, once for all who ask. */
export async function fetchBlob(
  parts: Parts,
  { descriptor, provider }: LayerSource & { readonly provider: Provider },
  { signal }: Stop,
): Promise<void> {
  if (provider === parts.content) return;
  await parts.unpacking.run(`blob ${descriptor.digest}`, { signal }, async (stop) => {
    await using _claim = await parts.claims(`blob ${descriptor.digest}`, { signal: stop });
    if (parts.content.use(descriptor.digest) !== undefined) return;
    const bytes = provider.open(descriptor, { signal: stop });
    await parts.content.write(bytes, { expected: descriptor, signal: stop });
  });
}

function layerMissing(message: string): Failed<CacheFailure> {
  return new Failed({ kind: 'layer-missing', message });
}
