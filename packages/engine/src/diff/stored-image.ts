import { maxDocumentSize } from '../content/children.ts';
import type { DiskStore } from '../content/disk.ts';
import type { Digest } from '../oci/digest.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { collect } from '../std/collect.ts';
import type { ImageAt } from './read-image.ts';

/** The image of this digest in a store that tells sizes; undefined if it is not there. */
export async function storedImage(
  digest: Digest,
  {
    name,
    content,
    signal,
  }: { readonly name: string; readonly content: Pick<DiskStore, 'open' | 'size'>; readonly signal: AbortSignal },
): Promise<ImageAt | undefined> {
  const size = content.size(digest);
  if (size === undefined) return undefined;
  const bytes = await collect(content.open({ digest, size }, { signal }), maxDocumentSize);
  const { mediaType } = readManifest(bytes);
  return { name, descriptor: { mediaType, digest, size }, provider: content };
}
