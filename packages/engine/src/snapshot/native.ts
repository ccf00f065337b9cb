import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, encoded } from '../oci/digest.ts';
import type { Pool } from '../pool/pool.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { bytePath } from '../std/byte-path.ts';
import { copyAttributes, copyTree } from './copy.ts';
import { treeChanges } from './diff.ts';
import { LayerFolder } from './layer-folder.ts';
import type { Layers } from './layers.ts';
import type { Mount } from './mount.ts';
import { makeRoot } from './overlay.ts';
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
  /** Trees for reading that are being made; files in them are further names of the layers'. */
  readonly #views = new Map<string, Promise<string>>();

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
    if (unpack) return new NativeLayer(this.#layers, { id, scratch, upper });
    const tree = join(scratch, 'tree');
    makeRoot(tree, lower[0]);
    await this.#pool.run(copyTree, { folders: lower, to: tree, how: 'copy' });
    const collect = () => this.#pool.run(collectChanges, { lower, tree, to: upper });
    return new NativeLayer(this.#layers, { id, scratch, upper, tree, collect });
  }

  async view(chain: Chain): Promise<Mount> {
    if (chain.length === 0) return { kind: 'empty' };
    const name = `view.${encoded(digestOf(chain.join(' '))).slice(0, 24)}`;
    const view = (this.#views.get(name) ?? this.#makeView(chain, name)).catch((error: unknown) => {
      this.#views.delete(name);
      throw error;
    });
    this.#views.set(name, view);
    return { kind: 'bind', path: await view, readonly: true };
  }

  async #makeView(chain: Chain, name: string): Promise<string> {
    const view = join(this.#layers.root, name);
    if (readdirSync(this.#layers.root).includes(name)) return join(view, 'tree');
    const lower = this.#lower(chain);
    const scratch = this.#layers.scratch(this.#layers.newId());
    makeRoot(join(scratch, 'tree'), lower[0]);
    await this.#pool.run(copyTree, { folders: lower, to: join(scratch, 'tree'), how: 'link' });
    writeFileSync(join(scratch, 'layers'), chain.join('\n'));
    try {
      renameSync(scratch, view);
    } catch (error) {
      // Another process made the same one first.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await this.#layers.remove([scratch]);
    }
    return join(view, 'tree');
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

  async remove(layers: Iterable<LayerId>): Promise<void> {
    const going = new Set<string>(layers);
    const paths = [...going].map((layer) => this.folder(layer));
    for (const name of readdirSync(this.#layers.root)) {
      if (!name.startsWith('view.')) continue;
      const view = join(this.#layers.root, name);
      if (
        !readFileSync(join(view, 'layers'), 'utf8')
          .split('\n')
          .some((layer) => going.has(layer))
      )
        continue;
      this.#views.delete(name);
      paths.push(view);
    }
    await this.#layers.remove(paths);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#views.values());
    this.#layers[Symbol.dispose]();
  }

  #lower(chain: Chain): string[] {
    return chain.map((layer) => this.folder(layer)).reverse();
  }
}

interface NativeLayerParts {
  readonly id: LayerId;
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
    this.#layers.commit(this.upper, this.#parts.id);
    await this.#layers.remove([this.#parts.scratch]);
    return this.#parts.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#committed?.catch(() => {}); // told to whoever asked for it
    await this.#layers.remove([this.#parts.scratch]);
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
