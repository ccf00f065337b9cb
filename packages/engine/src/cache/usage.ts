// What is in the cache and what it takes. A layer counts for the ref with the fewest layers among those that have it: the
// one whose own it is, or the first of the image's.

import { measure } from '../snapshot/layers.ts';
import { failedOf } from '../std/failed.ts';
import type { UsageRecord } from './api.ts';
import type { CacheMounts } from './cache-mounts.ts';
import type { Images } from './images.ts';
import { liveLeases } from './lease.ts';
import type { Parts } from './parts.ts';
import { contentOf } from './reach.ts';
import { type LayerKey, original, type RefRecord } from './records.ts';
import type { RefId } from './ref.ts';

/** All records, the ones first that were used last. */
export async function usage(
  parts: Parts,
  { mounts, images }: { readonly mounts: CacheMounts; readonly images: Images },
): Promise<readonly UsageRecord[]> {
  parts.touches.flush();
  parts.index.refresh();
  const held = heldElsewhere(parts);
  const kept = await contentOf(images, parts.content);
  const rows: UsageRecord[] = [];
  const refs = [...parts.records.refs.entries()].filter(([, { going }]) => !going);
  const owned = ownLayers(refs);
  const sizes = await layerSizes(parts, [...owned.values()].flat());
  for (const [id, record] of refs) {
    const { description, type: recordType, createdAt, parents } = record;
    const { lastAt: lastUsedAt = createdAt, count: usageCount = 0 } = parts.records.uses.get(id) ?? {};
    const blobs = record.layers.flatMap((key) => blobsOf(parts, key));
    rows.push({
      id,
      description,
      recordType,
      size: (owned.get(id) ?? []).reduce((sum, key) => sum + (sizes.get(key) ?? 0), 0),
      createdAt,
      lastUsedAt,
      usageCount,
      inUse: parts.lease.holds(id) || held.has(id),
      mutable: false,
      shared: blobs.some((digest) => kept.has(digest)),
      parents,
    });
  }
  for (const mount of mounts.list()) {
    const { bytes } = await parts.pool.run(measure, mount.path);
    rows.push({
      id: `mount-${mount.name}`,
      description: `cache mount ${JSON.stringify(mount.id)}`,
      recordType: 'exec.cachemount',
      size: bytes,
      createdAt: mount.createdAt,
      lastUsedAt: mount.lastUsedAt,
      usageCount: mount.usageCount,
      inUse: mount.inUse,
      mutable: true,
      shared: false,
      parents: [],
    });
  }
  return rows.sort((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt));
}

/** What other processes hold. */
export function heldElsewhere({ folder, lease }: Pick<Parts, 'folder' | 'lease'>): ReadonlySet<string> {
  const held = new Set<string>();
  for (const live of liveLeases(folder.leases, lease)) for (const name of live.held) held.add(name);
  return held;
}

function ownLayers(refs: readonly (readonly [RefId, RefRecord])[]): Map<RefId, LayerKey[]> {
  const owners = new Map<LayerKey, RefId>();
  const owned = new Map<RefId, LayerKey[]>();
  const order = refs.toSorted(([, a], [, b]) => a.layers.length - b.layers.length || a.createdAt - b.createdAt);
  for (const [id, { layers }] of order) {
    for (const key of layers.flatMap((key) => (key === original(key) ? [key] : [original(key), key]))) {
      if (owners.has(key)) continue;
      owners.set(key, id);
      owned.set(id, [...(owned.get(id) ?? []), key]);
    }
  }
  return owned;
}

/** Bytes of each layer on disk: its folder and its blobs. Folders are measured once. */
async function layerSizes(parts: Parts, keys: readonly LayerKey[]): Promise<ReadonlyMap<LayerKey, number>> {
  const { layers } = parts.records;
  const measured = new Map<LayerKey, number>();
  await Promise.all(
    keys.map(async (key) => {
      const record = layers.get(key);
      if (record?.snapshot === undefined || record.size !== undefined) return;
      // A layer that was free as it was is the same folder.
      const same = key !== original(key) && layers.get(original(key))?.snapshot === record.snapshot;
      const size = same ? 0 : (await (await parts.snapshotter()).usage(record.snapshot)).bytes;
      measured.set(key, size);
    }),
  );
  await remember(parts, measured);
  const counted = new Set<string>();
  return new Map(
    keys.map((key) => {
      let size = measured.get(key) ?? layers.get(key)?.size ?? 0;
      for (const digest of key === original(key) ? blobsOf(parts, key) : []) {
        if (!counted.has(digest)) size += parts.content.size(digest) ?? 0;
        counted.add(digest);
      }
      return [key, size];
    }),
  );
}

/** Keeps what was measured. It can be measured again, so a full disk does not matter. */
async function remember({ index, records }: Parts, sizes: ReadonlyMap<LayerKey, number>): Promise<void> {
  if (sizes.size === 0) return;
  try {
    await index.write(() => {
      for (const [key, size] of sizes) {
        const record = records.layers.get(key);
        if (record) records.layers.put(key, { ...record, size });
      }
    });
  } catch (error) {
    if (!failedOf(error, 'disk-full')) throw error;
  }
}

/** Digests of a layer's blobs: the one it came as, and those that were made of it. */
function blobsOf({ records }: Pick<Parts, 'records'>, key: LayerKey) {
  const came = records.layers.get(original(key))?.blob?.descriptor.digest;
  const made = [...records.blobs.entries({ prefix: `${original(key)}|` })].map(
    ([, { descriptor }]) => descriptor.digest,
  );
  return came === undefined ? made : [came, ...made];
}
