// Layers on trees that they were not made on: what MergeOp and DiffOp need. A tree is a list of layers, so the merge of
// trees is their lists one after another; but a layer as overlayfs writes it speaks of what was below it: folders that
// are opaque because nothing else was there, files that were copied up and left as they were. `freeLayer` gives a layer
// that says only what changed, as BuildKit's merge does with the differ that also writes its images' layers.

import type { Pool } from '../pool/pool.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { bytePath } from '../std/byte-path.ts';
import { type Change, layerChanges, treeChanges } from './diff.ts';
import { LayerFolder } from './layer-folder.ts';
import { isOpaque, isWhiteout } from './marks.ts';
import { same } from './same.ts';
import type { Chain, LayerId, Snapshotter } from './snapshotter.ts';
import { type Folder, lookup, lstat, names, rootOf } from './tree.ts';

interface MergeWork {
  readonly pool: Pool;
  readonly signal?: AbortSignal;
}

/**
 * A layer that on any tree does what `layer` did on `below`: `layer` itself where it is so already, else a new one, whose
 * files are further names of the same files. The blob of the new one, packed on `below`, would be that of `layer`.
 */
export async function freeLayer(
  snapshotter: Snapshotter,
  layer: LayerId,
  { below, pool, signal }: MergeWork & { readonly below: Chain },
): Promise<LayerId> {
  const upper = snapshotter.folder(layer);
  const folders = below.map((id) => snapshotter.folder(id)).reverse();
  if (await pool.run(isFree, { upper, below: folders }, { signal })) return layer;
  await using free = await snapshotter.prepare([], { unpack: true });
  await pool.run(writeFree, { upper, below: folders, to: free.upper }, { signal });
  return await free.commit();
}

/** A new layer that makes the tree `upper` out of the tree `lower`, for trees of which neither begins the other. */
export async function diffLayer(
  snapshotter: Snapshotter,
  { lower, upper, pool, signal }: MergeWork & { readonly lower: Chain; readonly upper: Chain },
): Promise<LayerId> {
  const folders = (chain: Chain) => chain.map((id) => snapshotter.folder(id)).reverse();
  await using layer = await snapshotter.prepare([], { unpack: true });
  await pool.run(writeDiff, { lower: folders(lower), upper: folders(upper), to: layer.upper }, { signal });
  return await layer.commit();
}

interface Stacked {
  readonly upper: string;
  readonly below: readonly string[];
}

const isFree = task(import.meta.url, isFreeHere);
const writeFree = task(import.meta.url, writeFreeHere);
const writeDiff = task(import.meta.url, writeDiffHere);

/** Whether a layer holds changes only: nothing opaque, nothing that equals what it covers, no whiteout over nothing. */
export function isFreeHere({ upper, below }: Stacked, { check }: TaskContext): boolean {
  const free = (folder: string, base: Folder | undefined): boolean =>
    names(folder).every((name) => {
      check();
      const path = `${folder}/${name}`;
      const stats = lstat(path)!;
      const found = base === undefined ? undefined : lookup(base, name);
      if (isWhiteout(path, stats)) return found !== undefined;
      // A folder that is as it was is there only for what is in it.
      const idle = found !== undefined && same(found, { stats, path });
      if (!stats.isDirectory()) return !idle;
      return !isOpaque(path) && !(idle && names(path).length === 0) && free(path, found?.folder);
    });
  return free(bytePath(upper), rootOf(below));
}

export function writeFreeHere({ upper, below, to }: Stacked & { readonly to: string }, context: TaskContext): void {
  writeChanges(layerChanges(bytePath(upper), rootOf(below)), to, context);
}

export function writeDiffHere(
  { lower, upper, to }: { readonly lower: readonly string[]; readonly upper: readonly string[]; readonly to: string },
  context: TaskContext,
): void {
  writeChanges(treeChanges(rootOf(lower), rootOf(upper)), to, context);
}

function writeChanges(changes: Iterable<Change>, to: string, { check }: TaskContext): void {
  const folder = new LayerFolder(to, 'link');
  for (const change of changes) {
    check();
    folder.write(change);
  }
  folder.end();
}
