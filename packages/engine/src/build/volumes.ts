// Folders that a container has in place of what its image has there. A volume that outlives its container is a folder of
// its own: `data`, which containers see; `lock`, held while it is filled; `filling`, what it is still to get. A process
// that is killed meanwhile leaves `filling` whole, and whoever opens the volume next finishes it.

import { lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerMount } from '../executor/executor.ts';
import { rootPath } from '../executor/root-path.ts';
import type { Pool } from '../pool/pool.ts';
import { copyAttributes, copyTree } from '../snapshot/copy.ts';
import { bytePath, fsPath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import { lock } from '../std/lock.ts';
import { uniqueName } from '../std/temp.ts';
import type { BuildFailure } from './failure.ts';

/** What a container has at `target`, an absolute path as short as it can be. Sources and folders are absolute, on this machine. */
export type ImageMount = { readonly target: string } &
  /** A file or folder; `create` makes a folder where there is nothing. */
  (
    | { readonly kind: 'bind'; readonly source: string; readonly readonly: boolean; readonly create: boolean }
    /** One that stays, in a folder of its own; one that goes with the container where that is undefined. */
    | {
        readonly kind: 'volume';
        readonly folder?: string | undefined;
        readonly readonly: boolean;
        /** Whether an empty one gets what the image has there. */
        readonly populate: boolean;
        /** What of it is seen. */
        readonly subpath?: string | undefined;
      }
    | { readonly kind: 'tmpfs'; readonly size?: number | undefined; readonly mode?: number | undefined }
  );

export interface VolumesWorld {
  readonly pool: Pool;
  /** The image's tree, in which nothing runs yet. */
  readonly root: string;
  /** Folder of this process alone, which may not be there yet. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface ReadyVolumes extends Disposable {
  readonly mounts: readonly ContainerMount[];
  /** Volumes, by where they are in the container: what is written there from here goes to these. */
  readonly folders: ReadonlyMap<string, VolumeFolder>;
}

/** `inside` is a path in `root`: what runs in the container may put a link anywhere on it. */
export interface VolumeFolder {
  readonly root: string;
  readonly inside: string;
}

/** Makes all of it ready, those around others first. Throws `container-invalid` for a source that is not there. */
export async function readyVolumes(wanted: readonly ImageMount[], world: VolumesWorld): Promise<ReadyVolumes> {
  using made = new DisposableStack();
  const mounts: ContainerMount[] = [];
  const folders = new Map<string, VolumeFolder>();
  for (const mount of wanted.toSorted((a, b) => depthOf(a.target) - depthOf(b.target))) {
    const { target } = mount;
    switch (mount.kind) {
      case 'bind':
        mounts.push({ kind: 'bind', target, path: sourceOf(mount), readonly: mount.readonly });
        break;
      case 'tmpfs':
        mounts.push({ kind: 'tmpfs', target, ...sized(mount) });
        break;
      case 'volume': {
        const folder = mount.folder ?? made.adopt(makePassing(world.scratch), removePassing(world.scratch));
        const path = await openVolume(folder, { target: mount.populate ? target : undefined, world });
        folders.set(target, { root: path, inside: `/${mount.subpath ?? ''}` });
        const selector = mount.subpath === undefined ? {} : { selector: mount.subpath };
        const tree = { kind: 'bind', path, readonly: false } as const;
        mounts.push({ kind: 'tree', target, mount: tree, readonly: mount.readonly, ...selector });
        break;
      }
    }
  }
  const held = made.move();
  return { mounts, folders, [Symbol.dispose]: () => held.dispose() };
}

function sourceOf({ source, target, create }: Extract<ImageMount, { kind: 'bind' }>): string {
  if (statSync(source, { throwIfNoEntry: false })) return source;
  if (!create) {
    const message = `there is no ${source}, which ${target} should be`;
    throw new Failed<BuildFailure>({ kind: 'container-invalid', message });
  }
  mkdirSync(source, { recursive: true });
  return source;
}

/** What names of folders begin with that are being copied. */
const unfinished = 'new.';

/**
 * The folder that containers see. Where that is empty, it gets what the image has at `target`, with its owners, modes
 * and times, as Docker does it.
 */
async function openVolume(
  folder: string,
  { target, world }: { readonly target: string | undefined; readonly world: VolumesWorld },
): Promise<string> {
  const [data, filling] = [join(folder, 'data'), join(folder, 'filling')];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  using _lock = await lock(join(folder, 'lock'), { signal: world.signal });
  for (const name of readdirSync(folder))
    if (name.startsWith(unfinished)) rmSync(join(folder, name), { recursive: true });
  if (!lstatSync(data, { throwIfNoEntry: false })) mkdirSync(data, { mode: 0o755 });
  if (!lstatSync(filling, { throwIfNoEntry: false })) {
    if (target === undefined || readdirSync(data).length > 0) return data;
    const source = rootPath(world.root, target);
    const stats = lstatSync(source, { bigint: true, throwIfNoEntry: false });
    if (!stats?.isDirectory()) return data;
    const staged = join(folder, `${unfinished}${uniqueName()}`);
    mkdirSync(staged);
    await world.pool.run(copyTree, { folders: [source], to: staged, how: 'copy' }, { signal: world.signal });
    copyAttributes({ source: bytePath(source), stats }, bytePath(staged));
    renameSync(staged, filling);
  }
  pour(filling, data);
  return data;
}

/** Moves what is in a folder to another, which gets its owner and mode; what is there under a name stays. */
function pour(from: string, to: string): void {
  const stats = lstatSync(from, { bigint: true });
  const there = new Set(readdirSync(to, { encoding: 'latin1' }));
  for (const name of readdirSync(from, { encoding: 'latin1' })) {
    if (there.has(name)) continue;
    renameSync(fsPath(`${bytePath(from)}/${name}`), fsPath(`${bytePath(to)}/${name}`));
  }
  copyAttributes({ source: bytePath(from), stats }, bytePath(to));
  rmSync(from, { recursive: true });
}

function sized({ size, mode }: Extract<ImageMount, { kind: 'tmpfs' }>) {
  return { ...(size !== undefined && { size }), ...(mode !== undefined && { mode }) };
}

function depthOf(path: string): number {
  return path.split('/').filter(Boolean).length;
}

/** Whoever finds this process dead removes it. */
function makePassing(scratch: string): string {
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(scratch, 'volume-'));
}

function removePassing(scratch: string): (folder: string) => void {
  return (folder) => {
    rmSync(folder, { recursive: true, force: true });
    if (readdirSync(scratch).length === 0) rmdirSync(scratch);
  };
}
