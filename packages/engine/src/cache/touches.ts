import type { Index } from '../index/index.ts';
import { failedOf } from '../std/failed.ts';
import type { Records } from './records.ts';
import type { RefId } from './ref.ts';

/** Collects which refs were used, so that using one costs no write of its own. */
export class Touches {
  readonly #index: Index;
  readonly #records: Records;
  readonly #used = new Map<RefId, { at: number; count: number }>();

  constructor(index: Index, records: Records) {
    this.#index = index;
    this.#records = records;
  }

  add(id: RefId): void {
    const used = this.#used.get(id);
    if (used) {
      used.at = Date.now();
      used.count++;
    } else this.#used.set(id, { at: Date.now(), count: 1 });
  }

  /** Writes them down. On a full disk they are lost: a build that needs nothing new must not fail for that. */
  flush(): void {
    if (this.#used.size === 0) return;
    try {
      this.#index.writeSync(() => {
        for (const [id, { at, count }] of this.#used) {
          this.#records.uses.put(id, { lastAt: at, count: count + (this.#records.uses.get(id)?.count ?? 0) });
        }
      });
    } catch (error) {
      if (!failedOf(error, 'disk-full')) throw error;
    }
    this.#used.clear();
  }
}
