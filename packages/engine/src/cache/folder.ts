// The one folder that holds all state. Any number of processes have it open at once.
//
//   layout             which version of this list it is
//   index/             what is known (room index)
//   content/           blobs of images and layers (room content)
//   layers/            trees (room snapshot)
//   mounts/            folders of cache mounts
//   leases/ locks/     who is alive, and who works on what
//   copies/            what copies of clients' folders wrote (copies.ts); made when there is something to say
//   changed            another file whenever an image's name comes to mean something else, or something is pruned
//   reserve            room for removing things when the disk is full

import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asDiskFull } from '../std/disk-full.ts';
import { Failed } from '../std/failed.ts';
import { uniqueName } from '../std/temp.ts';
import type { CacheFailure } from './failure.ts';
import { restoreReserve } from './reserve.ts';

/** Raised whenever an older monokit would misread what a newer one writes. */
const layout = '1';

export interface CacheFolder {
  /** Absolute. */
  readonly path: string;
  readonly index: string;
  readonly content: string;
  readonly layers: string;
  readonly mounts: string;
  readonly leases: string;
  readonly locks: string;
  readonly changed: string;
}

/** Makes the folder if it is not there, for this user alone, and checks that it is one that we understand. */
export function openFolder(path: string): CacheFolder {
  const at = (name: string) => join(path, name);
  const folder = {
    path,
    index: at('index/index.mdb'),
    content: at('content'),
    layers: at('layers'),
    mounts: at('mounts'),
    leases: at('leases'),
    locks: at('locks'),
    changed: at('changed'),
  };
  try {
    const found = readLayout(at('layout')) ?? make(folder, at('layout'));
    if (found === layout) return folder;
    const message = `${path} was made by another version of monokit (layout ${found}, this one knows ${layout}); choose another cache folder`;
    throw new Failed<CacheFailure>({ kind: 'cache-layout', path, layout: found, message });
  } catch (error) {
    if (error instanceof Failed) throw error;
    const full = asDiskFull(error, path);
    if (full !== error) throw full;
    const message = `cannot use the cache folder ${path}: ${(error as Error).message}; choose another one with --cache-dir`;
    throw new Failed<CacheFailure>({ kind: 'cache-folder', path, message }, { cause: error });
  }
}

function readLayout(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The layout's file comes last and at once, so that a folder that has it has everything. */
function make(folder: CacheFolder, file: string): string {
  mkdirSync(folder.path, { recursive: true, mode: 0o700 });
  const folders = [dirname(folder.index), folder.content, folder.layers, folder.mounts, folder.leases, folder.locks];
  // A folder of ours is empty until the layout's file is there. One that is not is somebody's, and we would clean it up.
  const foreign = folders.find((path) => existsSync(path) && readdirSync(path).length > 0);
  if (foreign !== undefined) {
    const now = readLayout(file); // unless another process was first
    if (now === undefined) throw new Error(`it is no cache, but has a folder ${JSON.stringify(basename(foreign))}`);
    return now;
  }
  for (const path of folders) mkdirSync(path, { recursive: true, mode: 0o700 });
  restoreReserve(folder.path);
  const temporary = `${file}.${uniqueName()}`;
  writeFileSync(temporary, `${layout}\n`, { mode: 0o600 });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first
  } finally {
    unlinkSync(temporary);
  }
  return readLayout(file)!;
}
