// Volumes of containers, as the engine mounts them. Those with a name are kept in the state folder, each in a folder that
// only its owner may enter: what is in them is no cache, and a prune takes nothing of it.

import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { VolumeSpec, WatchSpec } from '@monokit/config';
import type { ImageMount } from '@monokit/engine';
import { statePath } from '@monokit/engine/state-path';

export interface VolumesOf {
  /** The workspace's: images of one workspace share volumes by their names. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The cache folder that a flag or the config names. */
  readonly asked?: string | undefined;
}

/** Where a workspace's volumes are kept. Nothing needs to be there. */
export function volumesPath({ root, env, asked }: VolumesOf): string {
  const state = statePath({ env, ...(asked !== undefined && { asked }) });
  return join(state, 'volumes', hash('sha256', root, 'hex').slice(0, 16));
}

export function mountsOf(spec: Pick<WatchSpec, 'volumes'> | undefined, folder: string): readonly ImageMount[] {
  return (spec?.volumes ?? []).map((volume) => {
    if (volume.kind !== 'volume') return volume;
    const { name, ...rest } = volume;
    return { ...rest, ...(name !== undefined && { folder: join(folder, name) }) };
  });
}

/** What is at a path of a container, as far as volumes say; undefined where that is the image's own. */
export function volumeAt(spec: Pick<WatchSpec, 'volumes'> | undefined, path: string): VolumeSpec | undefined {
  return (spec?.volumes ?? [])
    .filter(({ target }) => path === target || path.startsWith(`${target}/`))
    .reduce<VolumeSpec | undefined>(
      (inner, each) => (inner && inner.target.length > each.target.length ? inner : each),
      undefined,
    );
}
