import { mkdirSync, rmdirSync } from 'node:fs';
import type { Mount } from '../snapshot/mount.ts';
import { mountAt, unmountNow } from '../snapshot/mounts.ts';

/** A tree that can be seen at `path`; disposing ends that. */
export interface TreeAt extends Disposable {
  readonly path: string;
}

/**
 * Mounts a tree at `path`, which it makes: where the lease's other things are, so that whoever cleans up after a dead
 * engine finds it. A writable folder needs no mount and stays where it is.
 */
export function treeAt(tree: Mount, path: string): TreeAt {
  if (tree.kind === 'bind' && !tree.readonly) return { path: tree.path, [Symbol.dispose]: () => {} };
  mkdirSync(path, { recursive: true, mode: 0o700 });
  mountAt(tree, path);
  return {
    path,
    [Symbol.dispose]: () => {
      unmountNow(path);
      rmdirSync(path);
    },
  };
}
