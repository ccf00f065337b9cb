import { rmSync } from 'node:fs';
import type { Cache } from '../../cache/api.ts';
import type { EarlierCopy } from '../../cache/copies.ts';
import type { Ids } from '../../cache/copy/destination.ts';
import { linkTask } from '../../cache/copy/written-files.ts';
import type { ImmutableRef } from '../../cache/ref.ts';
import type { CopyAction } from '../../llb/copy-action.ts';
import { digestOf, encoded } from '../../oci/digest.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Work } from '../../progress/work.ts';
import type { BytePath } from '../../std/byte-path.ts';
import { asDiskFull } from '../../std/disk-full.ts';
import { copyTask, type CopyOrder } from './copy-action.ts';

/** What the same copy has in common with itself from build to build. */
interface Kind {
  readonly actions: readonly CopyAction[];
  readonly owner: Ids | undefined;
  /** The client's folder. */
  readonly source: BytePath;
}

/**
 * A copy of a client's folder that does not write again what the last of its kind wrote: unchanged files become further
 * names of that layer's files. In this order: `copy` for each action, `link` when the tree is no longer mounted, `keep`
 * when it is committed. Disposed at the end.
 */
export class CopyAgain implements Disposable {
  readonly #cache: Cache;
  readonly #pool: Pool;
  readonly #work: Work;
  readonly #key: string;
  readonly #earlier: EarlierCopy | undefined;
  readonly #draft: string;
  readonly #several: boolean;
  #links: readonly BytePath[] = [];

  constructor(kind: Kind, { cache, pool, job }: { readonly cache: Cache; readonly pool: Pool; readonly job: Work }) {
    this.#cache = cache;
    this.#pool = pool;
    this.#work = job;
    this.#key = encoded(digestOf(JSON.stringify(kind, plain))).slice(0, 32);
    this.#earlier = cache.copies.last(this.#key);
    this.#draft = cache.copies.draft();
    this.#several = kind.actions.length > 1;
  }

  async copy(order: Omit<CopyOrder, 'written'>): Promise<void> {
    const written = { draft: this.#draft, list: this.#earlier?.list, several: this.#several };
    this.#links = this.#links.concat(await this.#pool.run(copyTask, { ...order, written }, this.#work));
  }

  /** Links what was left out into the layer's folder. Says whether all could be; if not, the next copy is a whole one. */
  async link(upper: string): Promise<boolean> {
    if (this.#links.length === 0) return true;
    const order = { paths: this.#links, from: this.#earlier!.layer, to: upper };
    const all = await this.#pool.run(linkTask, order, this.#work).catch((error: unknown) => {
      throw asDiskFull(error, upper);
    });
    if (all) return true;
    this.#cache.copies.drop(this.#key);
    return false;
  }

  async keep(ref: ImmutableRef): Promise<void> {
    const layer = (await ref.chain(this.#work)).at(-1);
    if (layer !== undefined) this.#cache.copies.keep(this.#key, layer, this.#draft);
  }

  [Symbol.dispose](): void {
    rmSync(this.#draft, { force: true });
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
