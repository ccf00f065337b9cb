// Caches in the configs of images: records whose results are made of the image's own layers.

import type { LayerBlob } from '../cache/ref.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Manifest } from '../oci/manifest.ts';
import { cacheRecordsJson, readCacheRecords } from './cache-config.ts';
import type { CollectedCache } from './collect-records.ts';
import { createdNote, uncompressedNote, type UnpackedCache } from './package.ts';

/** Where an image's config has them. */
const inlineKey = 'moby.buildkit.cache.v0';

/**
 * The records for the config of an image with these layers, lowest first. Results that have other layers are left out;
 * undefined if none is left.
 */
export function inlineRecords({ config, blobs }: CollectedCache, layers: readonly LayerBlob[]): Buffer | undefined {
  const diffIds = new Map(blobs.map(({ descriptor, diffId }) => [descriptor.digest, diffId]));
  // Blobs that differ in compression only are the same layer.
  const places = new Map<Digest, number[]>();
  for (const [i, { diffId }] of layers.entries()) places.set(diffId, [...(places.get(diffId) ?? []), i]);
  const inImage = (chain: readonly Digest[]): readonly number[] | undefined => {
    const stack = chain.map((diffId, i) => (layers[i]?.diffId === diffId ? i : undefined));
    const found = stack.includes(undefined) ? chain.map((diffId) => places.get(diffId)?.at(-1)) : stack;
    return found.every((place) => place !== undefined) ? found : undefined;
  };
  const records = config.records.map((record) => ({
    ...record,
    results: record.results.flatMap(({ layers: chain, createdAt }) => {
      const found = inImage(chain.map((layer) => diffIds.get(config.layers[layer]!.blob)!));
      return found ? [{ layers: found, createdAt }] : [];
    }),
  }));
  if (records.every(({ results }) => results.length === 0)) return undefined;
  const forest = layers.map(({ descriptor }, i) => ({ blob: descriptor.digest, ...(i > 0 && { parent: i - 1 }) }));
  return cacheRecordsJson({ layers: forest, records });
}

/** The cache in an image's config, with the blobs that it is made of; undefined for a config without one. */
export function readInline({ layers }: Manifest, bytes: Uint8Array): UnpackedCache | undefined {
  const config = parsed(bytes);
  const written = config?.[inlineKey];
  const diffIds = config?.rootfs?.diff_ids;
  // What else indexes list (attestations) has layers of its own kind.
  if (typeof written !== 'string' || !Array.isArray(diffIds) || diffIds.length !== layers.length) return undefined;
  const made = (Array.isArray(config?.history) ? config.history : []).filter((each) => !each.empty_layer);
  const blobs = new Map(
    layers.map((layer, i) => {
      const diffId = String(diffIds[i]);
      const created = made[i]?.created;
      const annotations = {
        ...(isDigest(diffId) && { [uncompressedNote]: diffId }),
        ...(created !== undefined && { [createdNote]: created }),
      };
      return [layer.digest, { ...layer, annotations }] as const;
    }),
  );
  const forest = layers.map(({ digest }, i) => ({ blob: digest, ...(i > 0 && { parent: i - 1 }) }));
  return { config: readCacheRecords(Buffer.from(written, 'base64'), forest), blobs };
}

function parsed(bytes: Uint8Array): Partial<ImageConfig> | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof json === 'object' && json !== null ? (json as Partial<ImageConfig>) : undefined;
  } catch {
    return undefined; // the config of something that is no image
  }
}
