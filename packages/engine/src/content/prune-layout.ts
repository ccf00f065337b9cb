import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { children } from './children.ts';
import { openLayout } from './layout.ts';

/** Removes content of the layout in `folder` that its index.json does not lead to. Nobody else may be writing to it. */
export async function pruneLayout(folder: string): Promise<void> {
  await using layout = await openLayout(folder);
  const needed = new Set<Digest>();
  const open: Descriptor[] = [...layout.roots];
  for (let next = open.pop(); next; next = open.pop()) {
    if (needed.has(next.digest)) continue;
    needed.add(next.digest);
    if ((await layout.stat(next.digest)) !== undefined) open.push(...(await children(next, layout)));
  }
  for (const algorithm of await readdir(join(folder, 'blobs'))) {
    for (const name of await readdir(join(folder, 'blobs', algorithm))) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest) && !needed.has(digest)) await unlink(join(folder, 'blobs', algorithm, name));
    }
  }
}
