// Removing what nobody needs, in BuildKit's order (DMN-019): what has children goes after them; under a limit of bytes
// one record at a time, the least and longest ago used first. A record goes first, then what only it needed: layers,
// blobs. Whoever is killed in between leaves things that nothing names, which the next one removes.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../oci/digest.ts';
import type { LayerId } from '../snapshot/snapshotter.ts';
import { lock } from '../std/lock.ts';
import type { PrunePolicy, UsageRecord } from './api.ts';
import type { CacheMounts } from './cache-mounts.ts';
import { contentHashes } from './content-hash.ts';
import type { Images } from './images.ts';
import { liveLeases } from './lease.ts';
import type { Parts } from './parts.ts';
import { contentOf } from './reach.ts';
import { type LayerKey, madeHere, original, type Records } from './records.ts';
import type { RefId } from './ref.ts';
import { releaseReserve, restoreReserve } from './reserve.ts';
import { heldElsewhere, usage } from './usage.ts';

interface Others {
  readonly mounts: CacheMounts;
  readonly images: Images;
  readonly signal: AbortSignal;
}

interface Pruning extends Others {
  /** Told before the first record goes, and again when the last one went. */
  readonly onChange: () => void;
}

/** Removes what the policy lets go and nobody uses. Gives the records that went. One process prunes at a time. */
export async function prune(parts: Parts, policy: PrunePolicy, others: Pruning): Promise<readonly UsageRecord[]> {
  const { signal, onChange } = others;
  using _one = await lock(join(parts.folder.locks, 'prune'), { signal });
  // Removing needs a little room too; where there is none left, this is it.
  releaseReserve(parts.folder.path);
  let changing = false;
  try {
    // Marks of one who was killed while pruning.
    const marked = [...parts.records.refs.entries()].filter(([, { going }]) => going);
    for (const [id] of marked) await settle(parts, id);
    await sweep(parts, others);
    const rows = new Map((await usage(parts, others)).map((row) => [row.id, row]));
    const gone: UsageRecord[] = [];
    let total = rows.values().reduce((sum, { shared, size }) => sum + (shared ? 0 : size), 0);
    for (;;) {
      signal.throwIfAborted();
      if (policy.keepStorage !== undefined && total <= policy.keepStorage) break;
      const candidates = choose(rows, policy);
      if (candidates.length === 0) break;
      if (!changing) onChange();
      changing = true;
      for (const row of policy.keepStorage === undefined ? candidates : candidates.slice(0, 1)) {
        rows.delete(row.id);
        if (!(await take(parts, row, others))) continue;
        gone.push(row);
        if (!row.shared) total -= row.size;
      }
    }
    await sweep(parts, others);
    return gone;
  } finally {
    if (changing) onChange();
    restoreReserve(parts.folder.path);
  }
}

/** What may go now, in the order in which it goes. */
function choose(rows: ReadonlyMap<string, UsageRecord>, policy: PrunePolicy): UsageRecord[] {
  const parents = new Set(rows.values().flatMap((row) => row.parents));
  const cutOff = policy.keepDuration === undefined ? Infinity : Date.now() - policy.keepDuration;
  const candidates = [...rows.values()].filter((row) => {
    if (row.inUse || parents.has(row.id)) return false;
    const special = row.recordType === 'internal' || row.recordType === 'frontend' || row.shared;
    if (special && !policy.all) return false;
    if (policy.types && !policy.types.includes(row.recordType)) return false;
    return (row.lastUsedAt ?? 0) <= cutOff;
  });
  return byWorth(candidates);
}

/** The least worth keeping first: by the ranks of last use and of number of uses, each as a share of the highest. */
function byWorth(rows: readonly UsageRecord[]): UsageRecord[] {
  const lastUsed = ranks(rows.map((row) => row.lastUsedAt ?? 0));
  const used = ranks(rows.map((row) => row.usageCount));
  const worth = (row: UsageRecord) => lastUsed(row.lastUsedAt ?? 0) + used(row.usageCount);
  const worths = new Map(rows.map((row) => [row, worth(row)]));
  return rows.toSorted((a, b) => worths.get(a)! - worths.get(b)! || (a.id < b.id ? -1 : 1));
}

function ranks(values: readonly number[]): (value: number) => number {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const rank = new Map(distinct.map((value, i) => [value, i]));
  return (value) => (distinct.length > 1 ? rank.get(value)! / (distinct.length - 1) : 0);
}

/** Removes one record unless somebody took hold of it meanwhile (see lease.ts for why this order). */
async function take(parts: Parts, row: UsageRecord, { mounts }: Others): Promise<boolean> {
  if (row.recordType === 'exec.cachemount' && row.mutable) return mounts.remove(row.id.slice('mount-'.length));
  return (await mark(parts, row.id)) && settle(parts, row.id);
}

/**
 * Removes one ref and its uppermost layer, without looking for anything else that nobody needs. The layer is one that
 * was made here; where another ref has it, too, it stays, and so does the ref.
 */
export async function drop(parts: Parts, id: RefId): Promise<boolean> {
  const { records } = parts;
  const top = records.refs.get(id)?.layers.at(-1);
  const snapshot = top === undefined ? undefined : madeHere(top);
  if (top === undefined || snapshot === undefined) return false;
  const wanted = [...records.refs.entries()].some(([other, { layers }]) => other !== id && layers.includes(top));
  if (wanted || !(await mark(parts, id)) || !(await settle(parts, id))) return false;
  await parts.index.write(() => void records.layers.remove(top));
  await (await parts.snapshotter()).remove([snapshot]);
  return true;
}

/** Tells all others that it goes. Says whether it was there. */
function mark({ index, records }: Parts, id: RefId): Promise<boolean> {
  return index.write(() => {
    const record = records.refs.get(id);
    if (record) records.refs.put(id, { ...record, going: true });
    return record !== undefined;
  });
}

/** Removes a marked record, or takes the mark away if somebody holds it. Says whether it is gone. */
async function settle(parts: Parts, id: RefId): Promise<boolean> {
  const { index, records, lease } = parts;
  const held = lease.holds(id) || heldElsewhere(parts).has(id);
  return index.write(() => {
    const record = records.refs.get(id);
    // Without the mark, somebody made the same ref anew.
    if (!record?.going) return false;
    if (!held) return records.refs.remove(id);
    const { going: _, ...kept } = record;
    records.refs.put(id, kept);
    return false;
  });
}

/** Removes layers and blobs that no record, image or living process has a claim to. */
async function sweep(parts: Parts, { images }: Others): Promise<void> {
  const oldest = oldestLease(parts);
  const now = Date.now();
  const { needed, dropped } = await forget(parts);
  await (await parts.snapshotter()).remove(dropped.snapshots);
  await removeUnknown(parts);
  const imaged = await contentOf(images, parts.content);
  for await (const { digest, usedAt } of parts.content.list()) {
    if (needed.blobs.has(digest) || imaged.has(digest)) continue;
    const before = dropped.blobs.has(digest) ? now : oldest;
    if (usedAt < before) await parts.content.remove(digest, { before });
  }
}

/**
 * Removes layers that were finished and never written down: their makers died in between. What a living process has made
 * and not yet written down is younger than that process.
 */
export async function removeUnknown(parts: Parts): Promise<void> {
  const snapshotter = await parts.snapshotter();
  const oldest = oldestLease(parts);
  const there = snapshotter.list().filter((id) => changedAt(snapshotter.folder(id)) < oldest);
  parts.index.refresh();
  const known = new Set([...parts.records.layers.entries()].map(([, { snapshot }]) => snapshot));
  await snapshotter.remove(there.filter((id) => !known.has(id)));
}

function oldestLease({ folder, lease }: Parts): number {
  return Math.min(lease.since, ...[...liveLeases(folder.leases, lease)].map(({ since }) => since));
}

interface Things {
  readonly snapshots: Set<LayerId>;
  readonly blobs: Set<Digest>;
}

/** Forgets the layers that no ref needs. Gives what is still needed, and what was only needed by those. */
async function forget({ index, records }: Parts): Promise<{ readonly needed: Things; readonly dropped: Things }> {
  const hashes = contentHashes(index);
  return index.write(() => {
    const layers = neededLayers(records);
    const needed: Things = { snapshots: new Set(), blobs: new Set() };
    const dropped: Things = { snapshots: new Set(), blobs: new Set() };
    const gone = { layers: [] as LayerKey[], blobs: [] as string[], uses: [] as RefId[], hashes: [] as string[] };
    for (const id of records.uses.keys()) if (!records.refs.has(id)) gone.uses.push(id);
    for (const key of hashes.keys()) if (!records.refs.has(key.slice(0, key.indexOf('|')))) gone.hashes.push(key);
    for (const [key, { snapshot, blob }] of records.layers.entries()) {
      const things = layers.has(key) ? needed : dropped;
      if (snapshot !== undefined) things.snapshots.add(snapshot);
      if (blob) things.blobs.add(blob.descriptor.digest);
      if (things === dropped) gone.layers.push(key);
    }
    for (const [name, { descriptor }] of records.blobs.entries()) {
      const things = layers.has(name.slice(0, name.indexOf('|'))) ? needed : dropped;
      things.blobs.add(descriptor.digest);
      if (things === dropped) gone.blobs.push(name);
    }
    for (const id of gone.uses) records.uses.remove(id);
    for (const key of gone.hashes) hashes.remove(key);
    for (const key of gone.layers) records.layers.remove(key);
    for (const name of gone.blobs) records.blobs.remove(name);
    for (const id of needed.snapshots) dropped.snapshots.delete(id);
    return { needed, dropped };
  });
}

/** The layers of all refs, and those that their blobs are packed against. */
function neededLayers({ refs, layers }: Records): ReadonlySet<LayerKey> {
  const needed = new Set<LayerKey>();
  const visited = new Set<LayerKey>();
  for (const key of [...refs.entries()].flatMap(([, record]) => record.layers)) {
    if (visited.has(key)) continue;
    visited.add(key);
    const from = original(key);
    needed.add(key).add(from);
    for (const below of layers.get(from)?.below ?? []) needed.add(below).add(original(below));
  }
  return needed;
}

function changedAt(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.ctimeMs ?? 0;
}
