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

  /**
   * Writes them down; uses within a minute count as one, so that a build of nothing new, run again and again, writes
   * nothing. On a full disk they are lost: such a build must not fail for that.
   */
  flush(): void {
    const { uses } = this.#records;
    const news = [...this.#used].filter(([id, { at }]) => at - (uses.get(id)?.lastAt ?? 0) > minute);
    this.#used.clear();
    if (news.length === 0) return;
    try {
      this.#index.writeSync(() => {
        for (const [id, { at, count }] of news) {
          uses.put(id, { lastAt: at, count: count + (uses.get(id)?.count ?? 0) });
        }
      });
    } catch (error) {
      if (!failedOf(error, 'disk-full')) throw error;
    }
  }
}

const minute = 60_000;
