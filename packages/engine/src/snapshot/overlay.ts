import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from '../pool/pool.ts';
import { Fitting, markWhiteouts } from './fit.ts';
import type { Layers } from './layers.ts';
import type { Mount } from './mount.ts';
import { makeRoot } from './root.ts';
import type { Chain, LayerId, Snapshotter, WritableLayer } from './snapshotter.ts';

/** Layers stacked by the kernel's overlayfs: nothing is copied but what changes. */
export class OverlaySnapshotter implements Snapshotter {
  readonly kind = 'overlay';
  readonly #layers: Layers;
  readonly #fitting: Fitting;

  constructor(layers: Layers, pool: Pool) {
    this.#layers = layers;
    this.#fitting = new Fitting(layers, pool);
  }

  async prepare(chain: Chain): Promise<WritableLayer> {
    return new OverlayLayer(this.#layers, chain, await this.#fitting.folders(chain));
  }

  async view(chain: Chain): Promise<Mount> {
    const lower = await this.#fitting.folders(chain);
    // One layer alone is its own tree, and overlayfs mounts no fewer than two.
    if (lower.length === 0) return { kind: 'empty' };
    return lower.length === 1 ? { kind: 'bind', path: lower[0]!, readonly: true } : { kind: 'overlay', lower };
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
}

class OverlayLayer implements WritableLayer {
  readonly upper: string;
  readonly #layers: Layers;
  readonly #id: LayerId;
  readonly #chain: Chain;
  readonly #lower: readonly string[];
  readonly #scratch: string;
  #committed: Promise<LayerId> | undefined;

  constructor(layers: Layers, chain: Chain, lower: readonly string[]) {
    this.#layers = layers;
    this.#id = layers.newId();
    this.#chain = chain;
    this.#lower = lower;
    this.#scratch = layers.scratch(this.#id);
    this.upper = join(this.#scratch, 'fs');
    makeRoot(this.upper, lower[0]);
    mkdirSync(join(this.#scratch, 'work'), { mode: 0o700 });
  }

  mount(): Mount {
    if (this.#lower.length === 0) return { kind: 'bind', path: this.upper, readonly: false };
    return { kind: 'overlay', lower: this.#lower, upper: this.upper, work: join(this.#scratch, 'work') };
  }

  commit(): Promise<LayerId> {
    return (this.#committed ??= this.#commit());
  }

  async #commit(): Promise<LayerId> {
    markWhiteouts(this.upper, this.#chain);
    this.#layers.commit(this.upper, this.#id);
    // What is left is overlayfs's empty workplace, not worth a thread.
    rmSync(this.#scratch, { recursive: true, force: true });
    return this.#id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#committed?.catch(() => {}); // told to whoever asked for it
    await this.#layers.drop([this.#scratch]);
  }
}
