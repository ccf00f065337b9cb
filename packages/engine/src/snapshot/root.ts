import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';

/** Makes the folder that is a tree's root: owner and mode as in the layer below, else root's and 0755. */
export function makeRoot(path: string, below: string | undefined): void {
  mkdirSync(path);
  if (below === undefined) {
    chmodSync(path, 0o755);
    return;
  }
  const { mode, uid, gid } = statSync(below);
  chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
}
