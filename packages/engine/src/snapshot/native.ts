import { join } from 'node:path';
import type { Pool } from '../pool/pool.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { bytePath } from '../std/byte-path.ts';
import { copyAttributes, copyTree } from './copy.ts';
import { treeChanges } from './diff.ts';
import { markWhiteouts } from './fit.ts';
import { LayerFolder } from './layer-folder.ts';
import type { Layers } from './layers.ts';
import type { Mount } from './mount.ts';
import { makeRoot } from './root.ts';
import type { Chain, LayerId, Snapshotter, WritableLayer } from './snapshotter.ts';
import { lstat, rootOf } from './tree.ts';

/**
 * For machines whose kernel cannot stack layers here: trees are copied together, and a committed tree's changes are found by
 * comparing it with what it was. Layers have overlayfs's form all the same, so everything else is one code.
 */
export class NativeSnapshotter implements Snapshotter {
  readonly kind = 'native';
  readonly #layers: Layers;
  readonly #pool: Pool;

  constructor(layers: Layers, pool: Pool) {
    this.#layers = layers;
    this.#pool = pool;
  }

  async prepare(chain: Chain, { unpack = false }: { readonly unpack?: boolean } = {}): Promise<WritableLayer> {
    const id = this.#layers.newId();
    const scratch = this.#layers.scratch(id);
    const lower = this.#lower(chain);
    const upper = join(scratch, 'fs');
    makeRoot(upper, lower[0]);
    if (unpack) return new NativeLayer(this.#layers, { id, chain, scratch, upper });
    const tree = join(scratch, 'tree');
    makeRoot(tree, lower[0]);
    await this.#pool.run(copyTree, { folders: lower, to: tree, how: 'copy' });
    const collect = () => this.#pool.run(collectChanges, { lower, tree, to: upper });
    return new NativeLayer(this.#layers, { id, chain, scratch, upper, tree, collect });
  }

  async view(chain: Chain): Promise<Mount> {
    if (chain.length === 0) return { kind: 'empty' };
    const lower = this.#lower(chain);
    // Nobody writes to it, so its files can be further names of the layers'.
    const view = await this.#layers.derived('view', chain, async (folder) => {
      makeRoot(join(folder, 'tree'), lower[0]);
      await this.#pool.run(copyTree, { folders: lower, to: join(folder, 'tree'), how: 'link' });
    });
    return { kind: 'bind', path: join(view, 'tree'), readonly: true };
  }

  folder(layer: LayerId): string {
    return this.#layers.folder(layer);
  }

  list(): readonly LayerId[] {
    return this.#layers.list();
  }

  usage(layer: LayerId): Promise<{ readonly bytes: number; readonly inodes: number }> {
    return this.#layers.usage(layer);
  }

  remove(layers: Iterable<LayerId>): Promise<void> {
    return this.#layers.remove(layers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#layers[Symbol.dispose]();
  }

  #lower(chain: Chain): string[] {
    return chain.map((layer) => this.folder(layer)).reverse();
  }
}

interface NativeLayerParts {
  readonly id: LayerId;
  readonly chain: Chain;
  readonly scratch: string;
  readonly upper: string;
  /** The whole tree, and how its changes get to `upper`. Without, `upper` is written as it is. */
  readonly tree?: string;
  readonly collect?: () => Promise<void>;
}

class NativeLayer implements WritableLayer {
  readonly upper: string;
  readonly #layers: Layers;
  readonly #parts: NativeLayerParts;
  #committed: Promise<LayerId> | undefined;

  constructor(layers: Layers, parts: NativeLayerParts) {
    this.#layers = layers;
    this.#parts = parts;
    this.upper = parts.upper;
  }

  mount(): Mount {
    if (this.#parts.tree === undefined) throw new Error('a layer that was prepared for unpacking has no tree to mount');
    return { kind: 'bind', path: this.#parts.tree, readonly: false };
  }

  commit(): Promise<LayerId> {
    return (this.#committed ??= this.#commit());
  }

  async #commit(): Promise<LayerId> {
    await this.#parts.collect?.();
    markWhiteouts(this.upper, this.#parts.chain, { files: true });
    this.#layers.commit(this.upper, this.#parts.id);
    await this.#layers.drop([this.#parts.scratch]);
    return this.#parts.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#committed?.catch(() => {}); // told to whoever asked for it
    await this.#layers.drop([this.#parts.scratch]);
  }
}

export const collectChanges = task(import.meta.url, collectChangesHere);

/** Moves what makes `tree` differ from `lower` to the folder `to`, in overlay form. The tree is spent then. */
export function collectChangesHere(
  { lower, tree, to }: { readonly lower: readonly string[]; readonly tree: string; readonly to: string },
  { check }: TaskContext,
): void {
  const root = bytePath(tree);
  copyAttributes({ source: root, stats: lstat(root)! }, bytePath(to));
  const folder = new LayerFolder(to, 'move');
  for (const change of treeChanges(rootOf(lower), rootOf([tree]))) {
    check();
    folder.write(change);
  }
  folder.end();
}
