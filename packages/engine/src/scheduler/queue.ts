/** What waits in a `Queue`: it knows its place, so that it can leave from anywhere. */
export interface Queued {
  /** Index in the heap; -1 while it is in none. The queue's own. */
  place: number;
}

/** A binary heap: joining, leaving and taking the first cost O(log n). */
export class Queue<T extends Queued> {
  readonly #heap: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** `before` has to order any two entries, or what comes first among equals is chance. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#heap.length;
  }

  get first(): T | undefined {
    return this.#heap[0];
  }

  add(entry: T): void {
    this.#rise(entry, this.#heap.length);
  }

  /** An entry that is not in the queue stays out of it. */
  remove(entry: T): void {
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  /** Puts an entry at `place`, or above. */
  #rise(entry: T, place: number): void {
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent]!;
      if (!this.#before(entry, above)) break;
      this.#set(at, above);
      at = parent;
    }
    this.#set(at, entry);
  }

  /** Puts an entry at `place`, or below. */
  #sink(entry: T, place: number): void {
    let at = place;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const [one, other] = [this.#heap[left], this.#heap[right]];
      if (!one) break;
      const child = other && this.#before(other, one) ? right : left;
      const below = this.#heap[child]!;
      if (!this.#before(below, entry)) break;
      this.#set(at, below);
      at = child;
    }
    this.#set(at, entry);
  }

  #set(place: number, entry: T): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
