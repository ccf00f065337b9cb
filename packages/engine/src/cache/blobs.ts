// From layers to blobs: what an image carries. A blob is made once for each way of making it, and kept.

import { rm } from 'node:fs/promises';
import { layerCompression, layerMediaType } from '../oci/media-type.ts';
import type { Work } from '../progress/work.ts';
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
  options: BlobOptions,
): Promise<readonly LayerBlob[]> {
  const stop = new AbortController();
  const { force = false, signal } = options;
  const both = AbortSignal.any([signal, stop.signal]);
  const blobs = keys.map((key, i) =>
    blobOf(parts, original(key), { variant: variantOf(options, i), force, signal: both }),
  );
  for (const blob of blobs) blob.catch((error: unknown) => stop.abort(error));
  const outcomes = await Promise.allSettled(blobs);
  signal.throwIfAborted();
  if (outcomes.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
  return Promise.all(blobs);
}

/** The same if none has to be made; undefined otherwise. */
export function keptBlobsOf(
  parts: Parts,
  keys: readonly LayerKey[],
  options: Omit<BlobOptions, keyof Work>,
): readonly LayerBlob[] | undefined {
  const { force = false } = options;
  const blobs = keys.map((key, i) => keptBlob(parts, original(key), { variant: variantOf(options, i), force }));
  return blobs.every((blob) => blob !== undefined) ? blobs : undefined;
}

/** How the blob of the layer at this place is wanted. */
function variantOf({ compression, level, epoch, keep = 0 }: Omit<BlobOptions, keyof Work>, place: number): BlobVariant {
  const capped = epoch !== undefined && place >= keep;
  return { compression, ...(level !== undefined && { level }), ...(capped && { epoch }) };
}

interface Wanted {
  readonly variant: BlobVariant;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

async function blobOf(parts: Parts, key: LayerKey, { variant, force, signal }: Wanted): Promise<LayerBlob> {
  const kept = () => keptBlob(parts, key, { variant, force });
  const known = kept();
  if (known) return known;
  const name = blobKey(key, variant);
  await parts.packing.run(name, { signal }, async (stop) => {
    await using _claim = await parts.claims(`blob ${name}`, { signal: stop });
    if (kept()) return;
    const record = await makeBlob(parts, key, { variant, signal: stop });
    await parts.index.write(() => parts.records.blobs.put(name, record));
  });
  return madeBlob(parts, key, variant)!;
}

/** The blob that a layer came as, if it will do, or one that was made of it. */
function keptBlob(parts: Parts, key: LayerKey, { variant, force }: Omit<Wanted, 'signal'>): LayerBlob | undefined {
  const source = variant.epoch === undefined ? sourceOf(parts, key) : undefined;
  if (source) {
    const has = layerCompression(source.descriptor.mediaType) ?? 'uncompressed';
    if (!force || has === variant.compression) return { ...source, compression: has };
  }
  const made = madeBlob(parts, key, variant);
  return made && parts.content.use(made.descriptor.digest) !== undefined ? made : undefined;
}

function madeBlob(parts: Parts, key: LayerKey, variant: BlobVariant): LayerBlob | undefined {
  const record = parts.records.blobs.get(blobKey(key, variant));
  if (!record) return undefined;
  const createdAt = parts.records.layers.get(key)?.blob?.createdAt;
  const { compression } = variant;
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
