// From layers to blobs: what an image carries. A blob is made once for each way of making it, and kept.
import { rm } from 'node:fs/promises';
import { layerCompression, layerMediaType } from '../oci/media-type.ts';
import { packLayer } from '../snapshot/pack.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { convertBlob } from './convert.ts';
import { chainOf, fetchBlob, foldersOf, sourceOf } from './layers.ts';
import type { Parts } from './parts.ts';
import { type BlobRecord, type BlobVariant, blobKey, type LayerKey, original } from './records.ts';
import type { BlobOptions, LayerBlob } from './ref.ts';

/** One blob a layer, lowest first. Layers are packed side by side, as many as the pool has threads for. */
export async function blobsOf(
  parts: Parts,
  keys: readonly LayerKey[],
  { compression, level, force = false, epoch, keep = 0, signal }: BlobOptions,
): Promise<readonly LayerBlob[]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const blobs = keys.map((key, i) => {
    const capped = epoch !== undefined && i >= keep;
    const variant = { compression, ...(level !== undefined && { level }), ...(capped && { epoch }) };
    return blobOf(parts, original(key), { variant, force, signal: both });
  });
  for (const blob of blobs) blob.catch((error: unknown) => stop.abort(error));
  const outcomes = await Promise.allSettled(blobs);
  signal.throwIfAborted();
  if (outcomes.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
  return Promise.all(blobs);
}

interface Wanted {
  readonly variant: BlobVariant;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

async function blobOf(parts: Parts, key: LayerKey, { variant, force, signal }: Wanted): Promise<LayerBlob> {
  const { compression } = variant;
  const source = variant.epoch === undefined ? sourceOf(parts, key) : undefined;
  if (source) {
    const has = layerCompression(source.descriptor.mediaType) ?? 'uncompressed';
    if (!force || has === compression) return { ...source, compression: has };
  }
  const name = blobKey(key, variant);
  const kept = () => {
    const record = parts.records.blobs.get(name);
    return record && parts.content.use(record.descriptor.digest) !== undefined ? record : undefined;
  };
  if (!kept()) {
    await parts.packing.run(name, { signal }, async (stop) => {
      await using _claim = await parts.claims(`blob ${name}`, { signal: stop });
      if (kept()) return;
      const record = await makeBlob(parts, key, { variant, signal: stop });
      await parts.index.write(() => parts.records.blobs.put(name, record));
    });
  }
  const record = parts.records.blobs.get(name)!;
  const createdAt = parts.records.layers.get(key)?.blob?.createdAt;
  return { ...record, compression, provider: parts.content, ...(createdAt !== undefined && { createdAt }) };
}

/** Makes a blob of a layer: of the blob it came as, if only the compression differs, else of its folder. */
async function makeBlob(
  parts: Parts,
  key: LayerKey,
  { variant, signal }: Pick<Wanted, 'variant' | 'signal'>,
): Promise<BlobRecord> {
  const { compression, level, epoch } = variant;
  const output = parts.content.ingest();
  const how = { output, compression, ...(level !== undefined && { level }) };
  const source = epoch === undefined ? sourceOf(parts, key) : undefined;
  try {
    let made;
    if (source) {
      await fetchBlob(parts, source, { signal });
      made = await parts.pool.run(
        convertBlob,
        { blob: parts.content.path(source.descriptor.digest), ...how },
        { signal },
      );
    } else {
      const [layer] = await chainOf(parts, [key], { signal });
      const below = await chainOf(parts, parts.records.layers.get(key)!.below, { signal });
      const snapshotter = await parts.snapshotter();
      const folders = { upper: snapshotter.folder(layer!), below: foldersOf(snapshotter, below) };
      made = await parts.pool.run(packLayer, { ...folders, ...how, ...(epoch !== undefined && { epoch }) }, { signal });
    }
    await parts.content.adopt(output, made.digest);
    const { digest, size, diffId } = made;
    return { descriptor: { mediaType: layerMediaType(compression), digest, size }, diffId };
  } catch (error) {
    await rm(output, { force: true });
    throw asDiskFull(error, output);
  }
}
