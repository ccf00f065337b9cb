// How a cache lies in a store: an image manifest whose config is the cache config, or an index that lists config and
// blobs as if they were manifests.
import type { LayerBlob } from '../cache/ref.ts';
import { readDocument } from '../content/children.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { layerMediaType, mediaTypes } from '../oci/media-type.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import { type CacheConfig, cacheConfigJson, cacheConfigType, goTime, readCacheConfig } from './cache-config.ts';
import type { RemoteCacheFailure } from './failure.ts';

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

export function packCache(
  config: CacheConfig,
  blobs: readonly LayerBlob[],
  { oci, imageManifest }: { readonly oci: boolean; readonly imageManifest: boolean },
): CachePackage {
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

/** Reads a cache's documents. Fails with `cache-malformed` if it is none, or as its content is not there. */
export async function unpackCache(
  root: Descriptor,
  from: Provider,
  options: { readonly signal: AbortSignal },
): Promise<{ readonly config: CacheConfig; readonly blobs: ReadonlyMap<Digest, Descriptor> }> {
  const all = descriptorsIn(await readDocument(root, from, options));
  const config = all.find(({ mediaType }) => mediaType === cacheConfigType);
  if (!config) throw malformed(`${root.digest} holds no cache config`);
  const blobs = new Map(all.filter((each) => each !== config).map((each) => [each.digest, each]));
  return { config: readCacheConfig(await readDocument(config, from, options)), blobs };
}

function descriptorsIn(bytes: Uint8Array): readonly Descriptor[] {
  try {
    const read = readManifest(bytes);
    return read.kind === 'index' ? read.index.manifests : [read.manifest.config, ...read.manifest.layers];
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
