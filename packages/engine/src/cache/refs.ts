import type { Work } from '../progress/work.ts';
import type { Mount, Mounted } from '../snapshot/mount.ts';
import type { Chain, WritableLayer } from '../snapshot/snapshotter.ts';
import { asDiskFull } from '../std/disk-full.ts';
import type { Parts } from './parts.ts';
import type { LayerKey } from './records.ts';
import type { BlobOptions, CommitOptions, ImmutableRef, LayerBlob, MutableRef, RefId } from './ref.ts';

/** A hold on layers in this cache. */
export class LayeredRef implements ImmutableRef {
  readonly id: RefId;
  readonly layers: readonly LayerKey[];
  readonly #parts: Parts;
  #held = true;

  /** A new hold. The empty tree needs none: it is always there. */
  static hold(parts: Parts, id: RefId, layers: readonly LayerKey[]): LayeredRef {
    if (layers.length > 0) parts.lease.hold(id);
    return new LayeredRef(parts, id, layers);
  }

  /** Takes over a hold that the lease counts already. */
  constructor(parts: Parts, id: RefId, layers: readonly LayerKey[]) {
    this.#parts = parts;
    this.id = id;
    this.layers = layers;
  }

  async chain(work: Work): Promise<Chain> {
    if (this.layers.length === 0) return [];
    const { chainOf } = await import('./layers.ts');
    return chainOf(this.#parts, this.layers, work);
  }

  async view(work: Work): Promise<Mount> {
    if (this.layers.length === 0) return { kind: 'empty' };
    const chain = await this.chain(work);
    return (await this.#parts.snapshotter()).view(chain);
  }

  async mount(work: Work): Promise<Mounted> {
    return mount(await this.view(work));
  }

  async blobs(options: BlobOptions): Promise<readonly LayerBlob[]> {
    const { blobsOf } = await import('./blobs.ts');
    return blobsOf(this.#parts, this.layers, options);
  }

  clone(): LayeredRef {
    if (!this.#held) throw new Error(`ref ${this.id} was let go`);
    return LayeredRef.hold(this.#parts, this.id, this.layers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    if (this.layers.length > 0) this.#parts.lease.release(this.id);
  }
}

type Keep = (layer: WritableLayer, as: CommitOptions) => Promise<ImmutableRef>;

/** A layer that is being written on top of a tree. */
export class LayerBeingWritten implements MutableRef {
  readonly #layer: WritableLayer;
  readonly #keep: Keep;
  readonly #parent: ImmutableRef;
  #done = false;

  constructor(layer: WritableLayer, { parent, keep }: { readonly parent: ImmutableRef; readonly keep: Keep }) {
    this.#layer = layer;
    this.#parent = parent;
    this.#keep = keep;
  }

  get upper(): string {
    return this.#layer.upper;
  }

  view(): Mount {
    return this.#layer.mount();
  }

  mount(): Promise<Mounted> {
    return mount(this.view());
  }

  async commit(as: CommitOptions = {}): Promise<ImmutableRef> {
    if (this.#done) throw new Error('a tree is committed once');
    this.#done = true;
    try {
      return await this.#keep(this.#layer, as);
    } catch (error) {
      await this.#layer[Symbol.asyncDispose]();
      throw asDiskFull(error, this.upper);
    } finally {
      await this.#parent[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    await this.#layer[Symbol.asyncDispose]();
    await this.#parent[Symbol.asyncDispose]();
  }
}

async function mount(what: Mount): Promise<Mounted> {
  const { mounted } = await import('../snapshot/mounts.ts');
  return mounted(what);
}
