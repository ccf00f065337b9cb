import type { Digest } from '../oci/digest.ts';
import type { Diagnostic } from '../std/diagnostic.ts';

/**
 * Everything a build can tell, as facts in the past tense. Renderers, run records and the Control API read these; none
 * of them is needed to build. Times are milliseconds since the epoch.
 */
export type Event =
  | GraphMerged
  | GraphForeseen
  | VertexKnown
  | VertexWaiting
  | VertexStarted
  | VertexRetried
  | VertexCached
  | VertexCompleted
  | VertexMeasured
  | VertexFailed
  | VertexKept
  | VertexCancelled
  | Progress
  | Log
  | Warning;

/** The whole graph of what is about to be solved, with who wants each vertex; told once, before any of them starts. */
export interface GraphMerged {
  readonly kind: 'graph-merged';
  readonly at: number;
  /** Inputs before what reads them. */
  readonly vertices: readonly {
    readonly vertex: Digest;
    readonly name: string;
    readonly inputs: readonly Digest[];
    /** Ids of the requests. */
    readonly wantedBy: readonly string[];
    /** How many images need it, where one image counts once for each of its platforms. */
    readonly uses: number;
    readonly source?: SourcePlace;
  }[];
}

/** What is likely to happen with a graph that was merged; told soon after, where somebody wants to know and it is more than nothing. */
export interface GraphForeseen {
  readonly kind: 'graph-foreseen';
  readonly at: number;
  /**
   * Those of its vertices that will run, or may, depending on what comes before them (`open`); all others are kept, or
   * are needed by such alone.
   */
  readonly vertices: readonly { readonly vertex: Digest; readonly outlook: 'run' | 'open' }[];
  /** Images whose layers are fetched, and how many bytes that are. */
  readonly pulls: readonly { readonly vertex: Digest; readonly bytes: number }[];
  /** How long all that runs or may run takes, in ms; `withoutHistory` is of how many of those steps nothing was known. */
  readonly time: { readonly wall: number; readonly steps: number; readonly withoutHistory: number };
}

interface OfVertex {
  readonly vertex: Digest;
  readonly at: number;
}

/** A vertex joined the build; told once, before anything else about it. */
export interface VertexKnown extends OfVertex {
  readonly kind: 'vertex-known';
  readonly name: string;
  readonly inputs: readonly Digest[];
  /** Where in a Dockerfile it comes from. */
  readonly source?: SourcePlace;
}

export interface SourcePlace {
  readonly file: string;
  /** The folder that the file's name is relative to, where the client lends it. */
  readonly folder?: string;
  /** First and last line, counted from 1. */
  readonly lines: readonly [number, number];
}

/** It could run, but somebody else, most likely another process, is at the very same work: its result will do. */
export interface VertexWaiting extends OfVertex {
  readonly kind: 'vertex-waiting';
}

export interface VertexStarted extends OfVertex {
  readonly kind: 'vertex-started';
  /** How long it was ready and had to wait for processors, memory or its turn, in ms. */
  readonly waited?: number;
}

/** It failed, and is run again because its image says so. */
export interface VertexRetried extends OfVertex {
  readonly kind: 'vertex-retried';
  /** Of the attempt that begins now; the first was 1. */
  readonly attempt: number;
  /** How many attempts there are at most. */
  readonly attempts: number;
  /** Why the one before failed. */
  readonly message: string;
}

/** Its result was found in a cache; nothing ran. */
export interface VertexCached extends OfVertex {
  readonly kind: 'vertex-cached';
  /** Where it was found; left out where nobody can tell. */
  readonly from?: 'local' | 'remote';
}

/** What a step's process took, where the kernel counts that (in cgroups that may be made). */
export interface Usage {
  /** The most memory that it held at a time, in bytes; not what its files took in the page cache. */
  readonly peakMemory?: number;
  /** Of all its processes, in ms. */
  readonly cpuTime?: number;
}

export interface VertexCompleted extends OfVertex, Usage {
  readonly kind: 'vertex-completed';
}

/** The layers that it made were measured. That may be told after it completed, but before the build ends. */
export interface VertexMeasured extends OfVertex {
  readonly kind: 'vertex-measured';
  /** Bytes of the files in them, uncompressed; files with several names count once. */
  readonly made: number;
}

export interface VertexFailed extends OfVertex, Usage {
  readonly kind: 'vertex-failed';
  readonly message: string;
}

/** It failed, and the trees that it left are kept: they can be entered. Told before the failure. */
export interface VertexKept extends OfVertex {
  readonly kind: 'vertex-kept';
}

export interface VertexCancelled extends OfVertex {
  readonly kind: 'vertex-cancelled';
}

/** How far a part of a vertex is, e.g. the download of one layer. */
export interface Progress extends OfVertex {
  readonly kind: 'progress';
  readonly id: string;
  readonly current: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'entries';
  readonly done: boolean;
}

/** Bytes a step wrote; never cut inside the pieces it wrote. */
export interface Log extends OfVertex {
  readonly kind: 'log';
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

export interface Warning {
  readonly kind: 'warning';
  readonly at: number;
  readonly vertex?: Digest;
  readonly diagnostic: Diagnostic;
}
