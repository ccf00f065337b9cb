import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Pool } from '../pool/pool.ts';
import { makeWhiteout } from '../sys/mknod.ts';
import { Layers } from './layers.ts';
import { sweepMountPoints } from './mount-points.ts';
import { mountAt, unmountNow } from './mounts.ts';
import type { Snapshotter } from './snapshotter.ts';

export interface SnapshotterOptions {
  readonly pool: Pool;
  /** `auto`, which it is when left out: overlayfs where it works on the folder's file system, else copies. */
  readonly kind?: Snapshotter['kind'] | 'auto';
}

/**
 * Opens the layers in the folder `root`, which is made if it is not there. Removes what owners left who were killed.
 * Several processes may have one folder open. Both kinds keep layers in one form, so a folder may change from one to the other.
 */
export async function openSnapshotter(root: string, { pool, kind = 'auto' }: SnapshotterOptions): Promise<Snapshotter> {
  const layers = new Layers(root, pool);
  try {
    sweepMountPoints();
    await layers.sweep();
    if (kind === 'overlay' || (kind === 'auto' && overlayWorks(layers))) {
      const { OverlaySnapshotter } = await import('./overlay.ts');
      return new OverlaySnapshotter(layers, pool);
    }
    const { NativeSnapshotter } = await import('./native.ts');
    return new NativeSnapshotter(layers, pool);
  } catch (error) {
    layers[Symbol.dispose]();
    throw error;
  }
}

/** Tries it once on a kernel, and remembers in the folder that it worked. (That it did not may have changed.) */
function overlayWorks(layers: Layers): boolean {
  const note = join(layers.root, 'overlay-works');
  const here = `${release()} ${process.getuid?.() ?? 0}\n`;
  try {
    if (readFileSync(note, 'utf8') === here) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (!tryOverlay(layers.scratch(layers.newId()))) return false;
  writeFileSync(note, here);
  return true;
}

/** Mounts a writable overlay and makes in it what layers are made of. An upper folder on overlayfs cannot. */
function tryOverlay(scratch: string): boolean {
  const [lower, upper, work, point] = ['lower', 'upper', 'work', 'point'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
    string,
  ];
  try {
    for (const folder of [lower, upper, work, point]) mkdirSync(folder);
    mkdirSync(join(lower, 'gone'));
    mountAt({ kind: 'overlay', lower: [lower], upper, work }, point);
    try {
      rmSync(join(point, 'gone'), { recursive: true });
      mkdirSync(join(point, 'gone'));
    } finally {
      unmountNow(point);
    }
    makeWhiteout(join(upper, 'whiteout'));
    return true;
  } catch {
    return false; // whatever stands in the way, copies work
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
