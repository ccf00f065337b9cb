import type { Cache } from '../../cache/api.ts';
import { copyTree } from '../../cache/copy/whole-tree.ts';
import type { BlobOptions, ImmutableRef, LayerBlob, RefId } from '../../cache/ref.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Work } from '../../progress/work.ts';
import type { Mount, Mounted } from '../../snapshot/mount.ts';
import type { Chain } from '../../snapshot/snapshotter.ts';
import { bytePath } from '../../std/byte-path.ts';
import { Flight } from '../../std/flight.ts';
import { uniqueName } from '../../std/temp.ts';
import type { LocalTree } from './tree.ts';

export interface LocalRefOptions {
  readonly cache: Cache;
  readonly pool: Pool;
  /** For people. */
  readonly name: string;
  /** Called when nobody holds the tree any more. */
  readonly released?: () => void;
}

/** A client's folder as a ref. Whoever asks for a layer or a mount makes it a snapshot first, once for all holds. */
export class LocalRef implements ImmutableRef {
  readonly id: RefId;
  readonly tree: LocalTree;
  readonly #shared: Shared;
  #held = true;

  constructor(tree: LocalTree, options: LocalRefOptions, shared?: Shared) {
    this.tree = tree;
    this.#shared = shared ?? new Shared(tree, options);
    this.#shared.holds++;
    this.id = this.#shared.id;
  }

  async chain(work: Work): Promise<Chain> {
    return (await this.#shared.snapshot(work)).chain(work);
  }

  async view(work: Work): Promise<Mount> {
    return (await this.#shared.snapshot(work)).view(work);
  }

  async mount(work: Work): Promise<Mounted> {
    return (await this.#shared.snapshot(work)).mount(work);
  }

  async blobs(options: BlobOptions): Promise<readonly LayerBlob[]> {
    return (await this.#shared.snapshot(options)).blobs(options);
  }

  clone(): LocalRef {
    return new LocalRef(this.tree, this.#shared.options, this.#shared);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#shared.release();
  }
}

/** What all holds on one tree have in common. */
class Shared {
  readonly id = `local:${uniqueName()}` as RefId;
  readonly options: LocalRefOptions;
  readonly #tree: LocalTree;
  holds = 0;
  #snapshot: ImmutableRef | undefined;
  readonly #making = new Flight<ImmutableRef>();
  #released = false;

  constructor(tree: LocalTree, options: LocalRefOptions) {
    this.#tree = tree;
    this.options = options;
  }

  async snapshot(work: Work): Promise<ImmutableRef> {
    return (
      this.#snapshot ??
      (await this.#making.run('', work, async (signal) => {
        const made = await this.#make({ signal, report: (event) => work.report(event) });
        if (this.holds > 0) this.#snapshot = made;
        else await made[Symbol.asyncDispose]();
        return made;
      }))
    );
  }

  async release(): Promise<void> {
    if (--this.holds > 0) return;
    if (!this.#released) this.options.released?.();
    this.#released = true;
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    await snapshot?.[Symbol.asyncDispose]();
  }

  async #make({ signal, report }: Work): Promise<ImmutableRef> {
    const { cache, pool, name } = this.options;
    const description = `local source for ${name}`;
    await using mutable = await cache.create(undefined, { description, recordType: 'source.local', signal, report });
    {
      await using mounted = await mutable.mount();
      await copyTree(this.#tree, bytePath(mounted.path), { pool, signal });
    }
    return await mutable.commit();
  }
}
