import type { Digest } from '../oci/digest.ts';
import type { Download } from '../progress/download.ts';
import type { SourcePlace, Usage } from '../progress/event.ts';

/** A node of the graph as the solver sees it. What it does is behind its `Operator`. */
export interface Vertex {
  readonly digest: Digest;
  /** For people. */
  readonly name: string;
  readonly inputs: readonly Edge[];
  /** Never look for a cached result; what it gives is cached all the same. */
  readonly ignoreCache: boolean;
  readonly source?: SourcePlace;
}

/** One output of a vertex. */
export interface Edge {
  readonly vertex: Vertex;
  readonly index: number;
}

/** How a vertex is keyed and run. `R` is what running gives, one for each output; `J` are the surroundings. */
export interface Operator<R, J> {
  /** Its keys. A vertex without inputs may have several, the most specific first. */
  cacheMaps(job: J): Promise<readonly CacheMap<R, J>[]>;
  /** Running it only looks at what is there; it makes and fetches nothing. */
  readonly looks?: boolean;
  /** What running it would fetch, as far as that can be told without. */
  downloads?(job: J): Promise<readonly Download[]>;
  /** Runs it. The inputs stay the caller's; the outputs become the caller's. */
  run(inputs: readonly R[], job: J, told: RunFacts): Promise<readonly R[]>;
}

/** Takes what is known of a run before it ends. */
export interface RunFacts {
  /** What it took so far; of several tellings the last one counts. */
  used(usage: Usage): void;
  /** Bytes of the files that it made, which may come to be known after it has ended. */
  made(bytes: number | Promise<number>): void;
}

/** Permission to run, until it is disposed. */
export interface Place extends Disposable {
  /** How long it was waited for, in ms. */
  readonly waited: number;
  /** Fires when the step has to end: the job's signal, and whatever else may stop it. */
  readonly signal: AbortSignal;
}

/** What a vertex is keyed by, its inputs left out. */
export interface CacheMap<R, J> {
  readonly digest: Digest;
  /** One for each input, in order. */
  readonly deps: readonly CacheDep<R, J>[];
  /** The digest means something in this session alone; no result is kept under it. */
  readonly session?: boolean;
  /** For people: what a source was settled to. */
  readonly pin?: string;
}

/** What a vertex turned out to be keyed by, as far as somebody asked. */
export interface KeyFacts {
  /** Of its cache map; undefined where nobody asked for that, or where it means something in this session alone. */
  readonly digest?: Digest;
  readonly pin?: string;
  /** Digests of the content that matters, by the input's index. */
  readonly contents: ReadonlyMap<number, Digest>;
}

export interface CacheDep<R, J> {
  /** Which part of the input matters, where that is less than all. */
  readonly selector?: Digest;
  /** Digest of the content that matters, of an input that is there. */
  readonly content?: (input: R, job: J) => Promise<Digest>;
}

/**
 * What solving would do with a vertex: `hit`, its result is kept, here or in a cache elsewhere; `run`; `open`, that
 * depends on what comes out of an input that has to run or to be fetched first; `look`, it only looks at what is there.
 */
export type Outlook = 'hit' | 'run' | 'open' | 'look';

/** Something counted: a clone is one more hold on the same thing. */
export interface Held<R> extends AsyncDisposable {
  clone(): R;
}
