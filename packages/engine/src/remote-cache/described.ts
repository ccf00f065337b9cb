// Caches in stores that have no manifests: blobs by their digests, and under a name a config that says of its layers
// what a manifest says elsewhere.

import type { LayerBlob } from '../cache/ref.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { layerMediaType } from '../oci/media-type.ts';
import { type CacheConfig, cacheConfigJson, goTime, readCacheConfig } from './cache-config.ts';
import type { CollectedCache } from './collect-records.ts';
import { type ImportedRecord, linkRecords, type Origin } from './imported.ts';
import { createdNote, uncompressedNote } from './package.ts';

/** A cache's config with the descriptions of its layers. */
export function describedConfigJson({ config, blobs }: CollectedCache): Buffer {
  const byDigest = new Map(blobs.map((blob) => [blob.descriptor.digest, blob]));
  const layers = config.layers.map((layer) => {
    const { descriptor, compression, diffId, createdAt }: LayerBlob = byDigest.get(layer.blob)!;
    const notes = { mediaType: layerMediaType(compression), diffId, size: descriptor.size };
    return { ...layer, notes: { ...notes, ...(createdAt !== undefined && { createdAt: createdAt * 1000 }) } };
  });
  return cacheConfigJson({ ...config, layers });
}

/** The records of such a config. Fails with `cache-malformed`. */
export function describedRecords(bytes: Uint8Array, origin: Origin): ReadonlyMap<Digest, ImportedRecord> {
  const config = readCacheConfig(bytes);
  return linkRecords(config, descriptorsOf(config), origin);
}

function descriptorsOf({ layers }: CacheConfig): ReadonlyMap<Digest, Descriptor> {
  return new Map(
    layers.flatMap(({ blob, notes }) => {
      if (!notes) return [];
      const { mediaType, diffId, size, createdAt } = notes;
      const annotations = {
        [uncompressedNote]: diffId,
        ...(createdAt !== undefined && { [createdNote]: goTime(createdAt) }),
      };
      return [[blob, { mediaType, digest: blob, size, annotations }] as const];
    }),
  );
}
