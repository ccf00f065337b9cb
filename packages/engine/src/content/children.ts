import type { Descriptor } from '../oci/descriptor.ts';
import { isIndex, isManifest } from '../oci/media-type.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import type { ContentFailure } from './failure.ts';
import type { Provider } from './store.ts';

/** Whether a descriptor leads to others. */
export function hasChildren(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType);
}

/**
 * What a manifest or index leads to: an index to its manifests, a manifest to its config and layers. Everything else
 * leads nowhere. Fails with `content-malformed` if it is not what its media type says.
 */
export async function children(
  descriptor: Descriptor,
  from: Provider,
  options?: { readonly signal?: AbortSignal },
): Promise<readonly Descriptor[]> {
  if (!hasChildren(descriptor.mediaType)) return [];
  return childrenIn(descriptor, await readDocument(descriptor, from, options));
}

/** The same of bytes that are there already. */
export function childrenIn(descriptor: Descriptor, bytes: Uint8Array): readonly Descriptor[] {
  const { mediaType, digest } = descriptor;
  if (!hasChildren(mediaType)) return [];
  try {
    const read = readManifest(bytes);
    if ((read.kind === 'index') !== isIndex(mediaType)) throw new TypeError(`it is no ${mediaType}`);
    return read.kind === 'index' ? read.index.manifests : [read.manifest.config, ...read.manifest.layers];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const what = isIndex(mediaType) ? 'index' : 'manifest';
    throw new Failed<ContentFailure>(
      { kind: 'content-malformed', digest, message: `the image ${what} ${digest} is malformed: ${error.message}` },
      { cause: error },
    );
  }
}

/** Documents that are larger are none. In bytes. */
export const maxDocumentSize = 8 * 1024 * 1024;

/** The bytes of something small: a manifest, an index, a config. More than 8 MiB fail with `content-malformed`. */
export async function readDocument(
  descriptor: Descriptor,
  from: Provider,
  options?: { readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > maxDocumentSize) {
    const message = `${digest} is too large for a document of an image: ${size} bytes`;
    throw new Failed<ContentFailure>({ kind: 'content-malformed', digest, message });
  }
  return collect(from.open(descriptor, options), maxDocumentSize);
}
