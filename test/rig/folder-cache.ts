// Refs that are plain folders, each a whole copy: what runs on refs can be tested without a snapshotter.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from '../../packages/engine/src/cache/api.ts';
import type { ImmutableRef, MutableRef, RefId } from '../../packages/engine/src/cache/ref.ts';
import type { Mounted } from '../../packages/engine/src/snapshot/mount.ts';

export interface FolderCache extends Pick<Cache, 'create' | 'scratch'> {
  /** There are no layers to link from: each copy is the first of its kind. */
  readonly copies: Pick<Cache['copies'], 'last' | 'draft' | 'keep' | 'drop'>;
  /** A ref whose tree is this folder. */
  ref(folder: string): ImmutableRef;
  /** Where a ref's tree is. */
  folderOf(ref: ImmutableRef): string;
}

const refuse = (): never => {
  throw new Error('a folder has no layers');
};

export function openFolderCache(root: string): FolderCache {
  let made = 0;
  const folders = new Map<RefId, string>();
  const newFolder = () => {
    const folder = join(root, `tree-${made++}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const ref = (folder: string): ImmutableRef => {
    const id = folder as RefId;
    folders.set(id, folder);
    const self: ImmutableRef = {
      id,
      chain: async () => [],
      view: refuse,
      blobs: refuse,
      mount: async () => at(folder),
      clone: () => self,
      [Symbol.asyncDispose]: async () => {},
    };
    return self;
  };
  const create: Cache['create'] = async (parent): Promise<MutableRef> => {
    const folder = newFolder();
    let committed = false;
    if (parent) copyTree((await parent.mount({ signal: new AbortController().signal, report: () => {} })).path, folder);
    return {
      upper: folder,
      view: refuse,
      mount: async () => at(folder),
      commit: async () => {
        committed = true;
        return ref(folder);
      },
      [Symbol.asyncDispose]: async () => {
        if (!committed) rmSync(folder, { recursive: true });
      },
    };
  };
  const copies = { last: () => undefined, draft: () => join(root, `draft-${made}`), keep: () => {}, drop: () => {} };
  return { scratch: ref(newFolder()), ref, create, copies, folderOf: ({ id }) => folders.get(id)! };
}

function at(path: string): Mounted {
  return { path, [Symbol.asyncDispose]: async () => {} };
}

function copyTree(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', `${from}/.`, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
