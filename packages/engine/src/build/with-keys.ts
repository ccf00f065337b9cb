import type { Defined, ImageKeys } from '../engine.ts';
import type { Work } from '../progress/work.ts';
import { failedOf } from '../std/failed.ts';
import { requestKeys } from './keys.ts';
import { openToLook } from './look.ts';
import type { Parts } from './parts.ts';

/**
 * What building the requests would key their steps by, each request's images in order: as far as folders and what is on
 * this machine tell. Nothing is run, fetched or kept. `use` is given them while they can be asked.
 */
export async function withKeys<T>(
  defined: readonly Defined[],
  { parts, work }: { readonly parts: Parts; readonly work: Work },
  use: (keys: readonly (readonly ImageKeys[])[]) => Promise<T>,
): Promise<T> {
  if (defined.length === 0) return use([]);
  await using open = openToLook(defined, { ...parts, reach: 'here' }, work);
  await Promise.all(
    open.graph.vertices.map(async (vertex) => {
      try {
        await open.solver.look(vertex);
      } catch (error) {
        if (work.signal.aborted || !failedOf(error, 'vertex')) throw error;
      }
    }),
  );
  let part = 0;
  // Awaited here: they can be asked while the graph is open.
  return await use(
    defined.map((each) => {
      const keys = requestKeys({ defined: each, open, first: part });
      part += each.images.length;
      return keys;
    }),
  );
}
