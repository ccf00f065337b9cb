// Typed tables in one lmdb environment, shared by all threads and processes that open the same file. This room does not
// know what its tables mean. Reads are a look into mapped memory; writes are transactions of which each is there whole
// or not at all, whatever kills the process.

import type { Database, RangeOptions } from 'lmdb';
import { type Environment, guarded, openEnvironment } from './environment.ts';

/** Longest key in bytes of UTF-8; longer ones are refused with a `RangeError`. */
const maxKeyBytes = 1900;

/** Which entries, in the order of their keys' bytes. */
export interface Range {
  readonly prefix?: string;
  /** First key that counts, itself included. */
  readonly from?: string;
  readonly limit?: number;
}

/** Keys to values (what msgpack knows: plain objects, arrays, strings, numbers, bigints of 64 bits, Uint8Array, null). */
export interface Table<V> {
  get(key: string): V | undefined;
  has(key: string): boolean;
  entries(range?: Range): Iterable<readonly [key: string, value: V]>;
  keys(range?: Range): Iterable<string>;
  /** The four that change: only inside `Index.write` or `Index.writeSync`. */
  put(key: string, value: V): void;
  remove(key: string): boolean;
  clear(): void;
}

/** Keys to sets of strings, each at most `maxKeyBytes` long. */
export interface Links {
  get(key: string): Iterable<string>;
  has(key: string, value: string): boolean;
  entries(range?: Range): Iterable<readonly [key: string, value: string]>;
  keys(range?: Range): Iterable<string>;
  /** The three that change: only inside `Index.write` or `Index.writeSync`. */
  add(key: string, value: string): void;
  remove(key: string, value: string): boolean;
  removeAll(key: string): boolean;
}

export interface Index extends AsyncDisposable {
  /** The table of this name, made when it is not there. The same name gives the same table. */
  table<V>(name: string): Table<V>;
  links(name: string): Links;
  /** Lets the reads that follow see all that was committed until now. Within one turn of the event loop they may look at an earlier moment. */
  refresh(): void;
  /** Lets go of what processes looked at that were killed: the room of what they saw can be used again. */
  sweep(): void;
  /**
   * Runs `body` alone among all writers of all processes and keeps what it wrote, or nothing if it throws. Reads inside
   * see its own writes. Neighbouring calls share one flush to the disk; once the promise resolves, the writes are seen
   * everywhere and survive this process; a machine that loses power may lose the last of them, whole. `body` must not
   * wait for anything.
   */
  write<T>(body: () => T): Promise<T>;
  /** The same at once; blocks this thread for the flush (and while another process writes). */
  writeSync<T>(body: () => T): T;
}

/** The index in the file `path` (ending in `.mdb`; its folder must be there). Nothing is opened before it is used. */
export function openIndex(path: string): Index {
  let environment: Environment | undefined;
  const open = () => (environment ??= openEnvironment(path)).root;
  const gate = new Gate();
  const databases = new Map<string, () => Database>();
  const database = (name: string, encoding: Encoding): (() => Database) => {
    let opened: Database | undefined;
    const get = () =>
      (opened ??= guarded(path, () => open().openDB({ name, encoding, dupSort: encoding === 'ordered-binary' })));
    const known = databases.get(name) ?? get;
    databases.set(name, known);
    return known;
  };
  const writeSync = <T>(body: () => T): T => {
    // A database opened inside a transaction would be gone with it.
    if (!gate.open) for (const get of databases.values()) get();
    return guarded(path, () => open().transactionSync(() => gate.enter(body)));
  };
  const batch = new Batch(writeSync);
  return {
    table: <V>(name: string): Table<V> => tableOf<V>(database(name, 'msgpack'), gate),
    links: (name) => linksOf(database(name, 'ordered-binary'), gate),
    refresh: () => environment?.root.resetReadTxn(),
    sweep: () => void open().readerCheck(),
    writeSync,
    write: (body) => batch.add(body),
    [Symbol.asyncDispose]: async () => {
      batch.flush();
      const opened = environment;
      environment = undefined;
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/** Collects the writes of one turn of the event loop into one transaction. */
class Batch {
  readonly #writeSync: Index['writeSync'];
  #waiting: { readonly run: () => () => void; readonly reject: (reason: unknown) => void }[] = [];

  constructor(writeSync: Index['writeSync']) {
    this.#writeSync = writeSync;
  }

  add<T>(body: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    const run = () => {
      try {
        const value = this.#writeSync(body); // nested, so that it is undone alone when it throws
        return () => resolve(value);
      } catch (error) {
        return () => reject(error);
      }
    };
    this.#waiting.push({ run, reject });
    return promise;
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      const settle = this.#writeSync(() => waiting.map(({ run }) => run()));
      for (const each of settle) each();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

type Encoding = 'msgpack' | 'ordered-binary';

/** Keeps changes out of everywhere but the bodies of writes. */
class Gate {
  open = false;

  enter<T>(body: () => T): T {
    const outer = this.open;
    this.open = true;
    try {
      const result = body();
      if (result instanceof Promise) throw new TypeError('the body of a write must not be asynchronous');
      return result;
    } finally {
      this.open = outer;
    }
  }

  check(key?: string): void {
    if (!this.open) throw new Error('the index is changed only inside write() or writeSync()');
    if (key !== undefined) checkLength(key);
  }
}

function tableOf<V>(database: () => Database, gate: Gate): Table<V> {
  const changing = (key?: string) => {
    gate.check(key);
    return database();
  };
  return {
    get: (key) => database().get(key) as V | undefined,
    has: (key) => database().doesExist(key),
    entries: (range) =>
      map(database().getRange(bounds(range)), ({ key, value }) => [key as string, value as V] as const),
    keys: (range) => map(database().getKeys(bounds(range)), (key) => key as string),
    put: (key, value) => void changing(key).putSync(key, value),
    remove: (key) => changing().removeSync(key),
    clear: () => changing().clearSync(),
  };
}

function linksOf(database: () => Database, gate: Gate): Links {
  const changing = (key: string, value = '') => {
    gate.check(key);
    checkLength(value);
    return database();
  };
  return {
    get: (key) => map(database().getValues(key), (value) => value as string),
    has: (key, value) => database().doesExist(key, value as never),
    entries: (range) =>
      map(database().getRange(bounds(range)), ({ key, value }) => [key as string, value as string] as const),
    keys: (range) => map(database().getKeys(bounds(range)), (key) => key as string),
    add: (key, value) => void changing(key, value).putSync(key, value),
    remove: (key, value) => changing(key, value).removeSync(key, value),
    removeAll: (key) => changing(key).removeSync(key),
  };
}

function* map<A, B>(items: Iterable<A>, to: (item: A) => B): Iterable<B> {
  for (const item of items) yield to(item);
}

function bounds({ prefix = '', from = prefix, limit }: Range = {}): RangeOptions {
  // No string of text sorts after U+10FFFF.
  return {
    ...(from !== '' && { start: from }),
    ...(prefix !== '' && { end: `${prefix}\u{10FFFF}` }),
    ...(limit !== undefined && { limit }),
  };
}

function checkLength(key: string): void {
  if (key.length * 3 > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes) {
    throw new RangeError(`a key of the index is longer than ${maxKeyBytes} bytes: ${key.slice(0, 100)}…`);
  }
}
