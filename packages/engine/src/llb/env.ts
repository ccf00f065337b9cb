/** Writes that a look-up goes through before the list is spread out, once for all that build on it. */
const farthest = 256;

/**
 * Environment variables, immutable: setting one gives a new list that shares the rest. The order is that of the last
 * write of each variable, so setting one again moves it to the end.
 */
export class EnvList implements Iterable<readonly [string, string]> {
  static readonly empty: EnvList = new EnvList();
  readonly #below: EnvList | undefined;
  readonly #key: string;
  readonly #value: string | undefined;
  #entries: ReadonlyMap<string, string> | undefined;

  private constructor(below?: EnvList, key = '', value?: string) {
    this.#below = below;
    this.#key = key;
    this.#value = value;
  }

  /** A list of `KEY=value` lines; a line without `=` is an empty variable, one without a name is left out. */
  static of(lines: Iterable<string>): EnvList {
    let list = EnvList.empty;
    for (const line of lines) {
      const at = line.indexOf('=');
      const key = at < 0 ? line : line.slice(0, at);
      if (key !== '') list = list.set(key, at < 0 ? '' : line.slice(at + 1));
    }
    return list;
  }

  set(key: string, value: string): EnvList {
    return new EnvList(this, key, value);
  }

  /** As `set`, unless the variable is set already. */
  setDefault(key: string, value: string): EnvList {
    return this.has(key) ? this : this.set(key, value);
  }

  delete(key: string): EnvList {
    return new EnvList(this, key);
  }

  get(key: string): string | undefined {
    let steps = 0;
    for (const list of EnvList.#from(this)) {
      if (list.#entries) return list.#entries.get(key);
      if (list.#below && list.#key === key) return list.#value;
      // From here on look-ups in lists that build on this one end here.
      if (++steps > farthest) return this.#all().get(key);
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  keys(): Iterable<string> {
    return this.#all().keys();
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#all().entries();
  }

  /** `KEY=value` lines. */
  toArray(): string[] {
    return Array.from(this.#all(), ([key, value]) => `${key}=${value}`);
  }

  /** The list and those it builds on, newest first. */
  static *#from(newest: EnvList): Generator<EnvList> {
    for (let list: EnvList | undefined = newest; list; list = list.#below) yield list;
  }

  #all(): ReadonlyMap<string, string> {
    if (this.#entries) return this.#entries;
    const writes: EnvList[] = [];
    let known: ReadonlyMap<string, string> = new Map();
    for (const list of EnvList.#from(this)) {
      if (list.#entries) {
        known = list.#entries;
        break;
      }
      if (list.#below) writes.push(list);
    }
    const entries = new Map(known);
    for (const list of writes.reverse()) {
      entries.delete(list.#key);
      if (list.#value !== undefined) entries.set(list.#key, list.#value);
    }
    return (this.#entries = entries);
  }
}

/** What PATH is where nothing says otherwise, on everything but Windows. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
