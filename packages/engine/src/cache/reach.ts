import { childrenIn, hasChildren, readDocument } from '../content/children.ts';
import type { DiskStore } from '../content/disk.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Images } from './images.ts';

/** Everything that the kept images lead to, as far as it is in the store. */
export async function contentOf(images: Images, content: DiskStore): Promise<ReadonlySet<Digest>> {
  const reached = new Set<Digest>();
  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (reached.has(descriptor.digest)) return;
    reached.add(descriptor.digest);
    if (!hasChildren(descriptor.mediaType) || content.size(descriptor.digest) === undefined) return;
    for (const child of childrenIn(descriptor, await readDocument(descriptor, content))) await visit(child);
  };
  for (const { descriptor } of images.list()) await visit(descriptor);
  return reached;
}
