import type { Cache } from '../cache/api.ts';
import type { Graph } from '../llb/graph.ts';

/** Empties the cache mounts of steps that must run again: what is built without cache doesn't see what builds left there. */
export async function emptyForcedMounts({ vertices }: Graph, cache: Cache): Promise<void> {
  const ids = new Set<string>();
  for (const { op, ignoreCache } of vertices) {
    if (op.kind !== 'exec' || !ignoreCache) continue;
    for (const mount of op.mounts) if (mount.kind === 'cache') ids.add(mount.id);
  }
  await Promise.all([...ids].map((id) => cache.clearCacheMount(id)));
}
