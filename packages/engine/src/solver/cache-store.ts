import type { Digest } from '../oci/digest.ts';
import type { Download } from '../progress/download.ts';
import type { KeyedDep, KeyId } from './cache-key.ts';

/** Where keys and results are remembered: which key follows from which, and what was found under it. */
export interface CacheStore<R> {
  /** The keys that are linked from every one of `deps` (from any of its keys; undefined is not asked) through this vertex and output. */
  query(question: PartialQuestion): Promise<readonly KeyId[]>;
  /**
   * Opens the newest result kept under any of these keys; forgets records whose result is gone. `fetched` is told of one
   * that another cache gave.
   */
  load(keys: readonly KeyId[], options?: { readonly fetched?: () => void }): Promise<R | undefined>;
  /** Keeps a result under a key, and the key's links. It was made now unless told otherwise. */
  save(key: KeyId, question: KeyQuestion, result: R, options?: { readonly createdAt: number }): Promise<void>;
  /** More ways that lead to a known key (definition keys, once the content turned out to be known). */
  link(key: KeyId, question: KeyQuestion): Promise<void>;
  /** What is remembered of a key. */
  kept(key: KeyId): Promise<KeptKey>;
  /** Waits until nobody else, in this process or another, works on `key`. Disposing lets the next one in. */
  claim(key: KeyId, options: ClaimOptions): Promise<AsyncDisposable>;
}

export interface ClaimOptions {
  readonly signal: AbortSignal;
  /** Told once if there is somebody to wait for. */
  readonly waiting?: () => void;
}

export interface KeptKey {
  /** The questions that it answers. */
  readonly ways: readonly KeyQuestion[];
  /** When the newest result under it was made, in milliseconds since the epoch; undefined if there is none. */
  readonly createdAt?: number;
  /** Where that one has to be fetched from; undefined if it is here. */
  readonly elsewhere?: Elsewhere;
}

/** A cache that a result can be taken from. */
export interface Elsewhere {
  /** For people. */
  readonly name: string;
  /** What taking it would fetch; what is here already is left out. */
  missing(): Promise<readonly Download[]>;
}

export interface KeyQuestion {
  /** The vertex's cache map digest. */
  readonly digest: Digest;
  readonly output: number;
  readonly deps: readonly KeyedDep[];
}

export interface PartialQuestion extends Omit<KeyQuestion, 'deps'> {
  readonly deps: readonly (KeyedDep | undefined)[];
}
