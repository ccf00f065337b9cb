import type { Pool } from '../../pool/pool.ts';
import { task, type TaskContext } from '../../pool/tasks.ts';
import type { BytePath } from '../../std/byte-path.ts';
import { openPortable, type HostTree, type PortableTree } from '../tree.ts';
import { Copier } from './copier.ts';
import { Destination } from './destination.ts';

/** Copies all of a tree into an empty folder, in a thread. */
export async function copyTree(
  tree: HostTree,
  to: BytePath,
  { pool, signal }: { readonly pool: Pool; readonly signal: AbortSignal },
): Promise<void> {
  await pool.run(copyTreeTask, { tree: tree.portable(), to }, { signal });
}

/** In a thread of the pool. */
export async function copyTreeThere(
  { tree, to }: { readonly tree: PortableTree; readonly to: BytePath },
  { check }: TaskContext,
): Promise<void> {
  const destination = new Destination(to);
  const root = await openPortable(tree);
  new Copier(destination, { include: [], exclude: [], replace: false, check }).copy(root, to);
  destination.times.apply();
}

const copyTreeTask = task(import.meta.url, copyTreeThere);
