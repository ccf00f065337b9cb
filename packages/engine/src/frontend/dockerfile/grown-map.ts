/** Additions that a look-up goes through before a map is spread out, once for all that grow from it. */
const farthest = 256;

/**
 * A map that is only added to, immutable: adding gives a new map that shares the rest, so stages that are built on each
 * other do not copy what they have in common. Keys are in the order in which they were first added.
 */
export class GrownMap<V> implements Iterable<readonly [string, V]> {
  readonly #below: GrownMap<V> | undefined;
  readonly #key: string;
  readonly #value: V | undefined;
  #entries: ReadonlyMap<string, V> | undefined;

  private constructor(below?: GrownMap<V>, key = '', value?: V) {
    this.#below = below;
    this.#key = key;
    this.#value = value;
    if (!below) this.#entries = new Map();
  }

  static of<V>(entries: Iterable<readonly [string, V]> = []): GrownMap<V> {
    const map = new GrownMap<V>();
    map.#entries = new Map(entries);
    return map;
  }

  with(key: string, value: V): GrownMap<V> {
    return new GrownMap(this, key, value);
  }

  has(key: string): boolean {
    let steps = 0;
    for (const map of GrownMap.#from(this)) {
      if (map.#entries) return map.#entries.has(key);
      if (map.#key === key) return true;
      if (++steps > farthest) break;
    }
    return this.#all().has(key);
  }

  keys(): Iterable<string> {
    return this.#all().keys();
  }

  get size(): number {
    return this.#all().size;
  }

  [Symbol.iterator](): Iterator<readonly [string, V]> {
    return this.#all().entries();
  }

  /** All that was added, the latest first as far as nothing is spread out; nothing is for this. Keys may come again. */
  *newest(): Iterable<readonly [string, V]> {
    for (const map of GrownMap.#from(this)) {
      if (map.#entries) yield* map.#entries;
      else yield [map.#key, map.#value as V];
    }
  }

  /** The map and those it grew from, newest first, down to the first one that is spread out. */
  static *#from<V>(newest: GrownMap<V>): Generator<GrownMap<V>> {
    for (let map: GrownMap<V> | undefined = newest; map; map = map.#entries ? undefined : map.#below) yield map;
  }

  #all(): ReadonlyMap<string, V> {
    if (this.#entries) return this.#entries;
    const added: GrownMap<V>[] = [];
    let known: ReadonlyMap<string, V> = new Map();
    for (const map of GrownMap.#from(this)) {
      if (map.#entries) known = map.#entries;
      else added.push(map);
    }
    const entries = new Map(known);
    for (const each of added.reverse()) entries.set(each.#key, each.#value as V);
    return (this.#entries = entries);
  }
}
