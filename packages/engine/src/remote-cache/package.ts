// How a cache lies in a store: an image manifest whose config is the cache config, or an index that lists config and
// blobs as if they were manifests.

import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { isManifest, layerMediaType, mediaTypes } from '../oci/media-type.ts';
import { type ManifestOrIndex, readManifest } from '../oci/read-manifest.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import { type CacheConfig, cacheConfigJson, cacheConfigType, goTime, readCacheConfig } from './cache-config.ts';
import type { CollectedCache } from './collect-records.ts';
import type { RemoteCacheFailure } from './failure.ts';
import type { Form } from './options.ts';

/** Digest of a layer's uncompressed tar. */
export const uncompressedNote = 'containerd.io/uncompressed';
/** When a layer was made. */
export const createdNote = 'buildkit/createdat';

/** A cache with the content that it consists of. */
export interface CachePackage {
  readonly root: Descriptor;
  /** What the root leads to. */
  readonly content: readonly Descriptor[];
  readonly provider: Provider;
}

export function packCache({ config, blobs }: CollectedCache, { oci, imageManifest }: Form): CachePackage {
  const layers = blobs.map((blob): Descriptor => {
    const { digest, size } = blob.descriptor;
    const annotations = {
      ...(blob.createdAt !== undefined && { [createdNote]: goTime(blob.createdAt * 1000) }),
      [uncompressedNote]: blob.diffId,
    };
    return { mediaType: layerMediaType(blob.compression, oci ? 'oci' : 'docker'), digest, size, annotations };
  });
  const providers = new Map(blobs.map(({ descriptor, provider }) => [descriptor.digest, provider]));
  const document = (mediaType: string, bytes: Buffer): Descriptor => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    providers.set(descriptor.digest, { open: () => once(bytes) });
    return descriptor;
  };
  const listed = document(cacheConfigType, cacheConfigJson(config));
  const mediaType = imageManifest ? mediaTypes.ociManifest : oci ? mediaTypes.ociIndex : mediaTypes.dockerIndex;
  const content = imageManifest ? { config: listed, layers } : { manifests: [...layers, listed] };
  const root = document(mediaType, Buffer.from(goJson({ schemaVersion: 2, mediaType, ...content })));
  return {
    root,
    content: [...layers, listed],
    provider: { open: (wanted, options) => providers.get(wanted.digest)!.open(wanted, options) },
  };
}

/** A cache as it was found, with the blobs that its layers are. */
export interface UnpackedCache {
  readonly config: CacheConfig;
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
}

/**
 * Reads the documents of a cache, or of an image that has one in its config; each image of an index has its own. Fails
 * with `cache-malformed` if there is none, or as its content is not there.
 */
export async function unpackCaches(
  root: Descriptor,
  bytesOf: (document: Descriptor) => Promise<Uint8Array>,
): Promise<readonly UnpackedCache[]> {
  const read = manifestIn(await bytesOf(root));
  const listed = read.kind === 'index' ? read.index.manifests : [read.manifest.config, ...read.manifest.layers];
  const config = listed.find(({ mediaType }) => mediaType === cacheConfigType);
  if (config) {
    const blobs = new Map(listed.filter((each) => each !== config).map((each) => [each.digest, each]));
    return [{ config: readCacheConfig(await bytesOf(config)), blobs }];
  }
  const { readInline } = await import('./inline.ts');
  const images =
    read.kind === 'manifest'
      ? [read.manifest]
      : await Promise.all(
          listed
            .filter(({ mediaType }) => isManifest(mediaType))
            .map(async (each) => {
              const image = manifestIn(await bytesOf(each));
              return image.kind === 'manifest' ? image.manifest : undefined;
            }),
        );
  const found = await Promise.all(images.map(async (image) => image && readInline(image, await bytesOf(image.config))));
  const caches = found.filter((each) => each !== undefined);
  if (caches.length === 0) throw malformed(`${root.digest} holds no cache, and is no image with one inside`);
  return caches;
}

function manifestIn(bytes: Uint8Array): ManifestOrIndex {
  try {
    return readManifest(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw malformed(`the cache's manifest is malformed: ${error.message}`, error);
  }
}

function malformed(message: string, cause?: unknown): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>({ kind: 'cache-malformed', message }, { cause });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
