// The engine's own words: one interface for the engine in this process and for one that is reached over the Control API.

import type { ImageMaterial } from './attestation/capture.ts';
import type { ManifestEntry } from './cache/tree.ts';
import type { FrontendImage } from './frontend/frontend.ts';
import type { Definition } from './llb/definition.ts';
import type { Loader } from './loader/loader.ts';
import type { Digest } from './oci/digest.ts';
import type { ImageConfig } from './oci/image-config.ts';
import type { Platform } from './oci/platform.ts';
import type { SourcePlace } from './progress/event.ts';
import type { Work } from './progress/work.ts';
import type { Session } from './session/session.ts';

/** A build engine. */
export interface Engine extends AsyncDisposable {
  /** Turns a request into its definitions, image configs and inputs. Solves a little where a frontend must look. */
  define(request: SolveRequest, work: Work): Promise<Defined>;
  /** Opens one build: everything solved in it shares vertices. */
  open(work: Work): Build;
}

/** One job's work. */
export interface Build extends AsyncDisposable {
  /**
   * Solves and exports many roots in one graph; a promise for each, in order, so that one failure leaves the others
   * theirs. `keepGoing: false` cancels the rest at the first failure. With `foresee` it also tells beforehand what it is
   * about to do (`graph-foreseen`). `next` tells what will be solved once a request is done, by its id: that makes its
   * own path longer.
   */
  solve(defined: readonly Defined[], options?: SolveOptions): readonly Promise<SolveResponse>[];
  /** What the images of a request that was given to `solve` are keyed by, as far as that is known by now. */
  keys?(id: string): readonly ImageKeys[];
}

export interface SolveOptions {
  readonly keepGoing?: boolean;
  readonly foresee?: boolean;
  readonly next?: (id: string) => readonly Defined[];
}

/** What one platform of an image is made of, step by step. Good while its build is open; what costs is a question. */
export interface ImageKeys {
  readonly platform: Platform;
  readonly config?: ImageConfig;
  /** Inputs before what reads them. */
  readonly steps: readonly StepKey[];
  /** The texts that steps come from: Dockerfiles. */
  readonly files: readonly { readonly filename: string; readonly data: Uint8Array }[];
}

/** What a step is keyed by, its inputs' own parts left out. */
export interface StepKey {
  /** Its vertex in the merged graph, as events name it. */
  readonly digest: Digest;
  readonly name: string;
  readonly kind: 'source' | 'exec' | 'file' | 'merge' | 'diff' | 'build' | 'passthrough';
  readonly source?: SourcePlace;
  /** Id of the request whose Dockerfile has it. */
  readonly owner: string;
  /** No result that was there would do. */
  readonly ignoreCache: boolean;
  /** Indexes into the image's steps. */
  readonly inputs: readonly number[];
  /** What a source was settled to: a digest, a commit. */
  readonly pin?: string;
  /** What it reads of clients' folders, as far as that was looked at. */
  readonly reads: readonly FolderContent[];
  /** Digest of all but its inputs and what it reads of folders. */
  own(): Digest;
  /** That, by names that can be compared; values as they are, secrets in variables too. */
  parts(): Readonly<Record<string, string>>;
  /** The lines that it was written in. */
  text(): string | undefined;
}

/** What a step reads of a client's folder. */
export interface FolderContent {
  /** Index of the step that is the folder. */
  readonly folder: number;
  /** Of the content, as it counts in the key. */
  readonly content: Digest;
  /** Names its entries: equal for equal selections with equal content. */
  name(): Digest;
  /** Undefined where nobody has looked at them in this build. */
  entries(): Promise<readonly ManifestEntry[] | undefined>;
}

/** One thing to build. Option and exporter names are BuildKit's, so the same request fits a remote engine. */
export interface SolveRequest {
  /** Names it for people: an image's id, or the folder's name. */
  readonly id: string;
  readonly source: RequestSource;
  /** What the client lends for it: its folders under the names `context`, `dockerfile` and those of named contexts. */
  readonly session: Session;
  readonly exports: readonly ExportRequest[];
  /** Granted by the caller: `network.host`, `security.insecure`, `device` (all of them) or `device=name`. */
  readonly entitlements: readonly string[];
  readonly cacheFrom: readonly CacheEntry[];
  readonly cacheTo: readonly CacheEntry[];
  /** Tells in the response where each image came from: all of it, or what is small. */
  readonly answerProvenance?: 'min' | 'max';
  /** How its steps are run. It changes no key. */
  readonly steps?: StepPolicy;
}

/** How the steps of a request are run. A step that several want has the most that one of them says. */
export interface StepPolicy {
  /** Steps of a higher one run first; 0 unless said. */
  readonly priority?: number;
  /**
   * For how long steps of the request may run, in ms: the time in which at least one of them does. Then it fails, and
   * what nobody else wants is killed.
   */
  readonly timeout?: number;
  /** How often a process that failed is run again; 0 unless said. */
  readonly retries?: number;
}

/** What earlier builds tell of a step. */
export interface Estimate {
  /** In ms, where it runs by itself. */
  readonly duration?: number;
  /** For which part of that it wants a processor, 0 to 1; none of it when left out. */
  readonly busy?: number;
  /** When the first steps before it that will run (`after`) last did, what came of them was what it was: it did not run. */
  readonly unmoved?: boolean;
  /** The most memory that its process held, in bytes. */
  readonly memory?: number;
  /** Bytes of the files in the layers that it made. */
  readonly made?: number;
}

/** Tells what is known of a step; it may be asked for each step of a graph, so it has to be quick. */
export type Estimator = (step: EstimatedStep) => Estimate | undefined;

export interface EstimatedStep {
  readonly vertex: Digest;
  readonly name: string;
  /** Ids of the requests that want it, in order. */
  readonly wantedBy: readonly string[];
  /** Where in a Dockerfile it comes from. */
  readonly source?: SourcePlace;
  /** Where that is known: the first steps that run on the ways that lead to it (llb/first-causes.ts). */
  readonly after?: readonly Digest[];
}

/** `options` also say what to attest: `attest:provenance`, `attest:sbom`, `vcs:revision`, `vcs:source`. */
export type RequestSource =
  /** `options` as DF-052 lists them. `input` answers for `input:` contexts, and is asked only for those that are used. */
  | {
      readonly kind: 'frontend';
      readonly frontend: string;
      readonly options: Readonly<Record<string, string>>;
      readonly input?: (name: string, platform: Platform) => Promise<RequestInput | undefined>;
    }
  /** LLB made by the caller, with the image config that its result carries. */
  | {
      readonly kind: 'definition';
      readonly images: readonly {
        readonly platform: Platform;
        readonly definition: Definition;
        readonly config?: ImageConfig;
      }[];
      readonly options?: Readonly<Record<string, string>>;
    };

/** A definition that takes the place of an image or context, with the image config that goes with it. */
export interface RequestInput {
  readonly definition: Definition;
  readonly config?: ImageConfig;
  /** What it was taken from: its session lends what the definition reads. The asking request's does where left out. */
  readonly of?: Defined;
}

/** `type=oci,dest=…,name=…` and the like (EXP-001 … EXP-004). */
export interface ExportRequest {
  readonly type: 'image' | 'oci' | 'docker' | 'tar' | 'local';
  /** The exporter's attributes by BuildKit's names (`name`, `compression`, `rewrite-timestamp`, `annotation.*`, …). */
  readonly attrs: Readonly<Record<string, string>>;
  /** Where it goes; `image` goes to the engine's own image store (and a registry with `push`). */
  readonly destination?: ExportDestination;
}

export type ExportDestination =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'stream'; readonly stream: WritableStream<Uint8Array> }
  /** A container engine of the client's machine; `docker` goes there. */
  | { readonly kind: 'loader'; readonly loader: Loader };

export interface CacheEntry {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** A request with its graph: what `solve` takes, and what questions about a build are asked of. */
export interface Defined {
  readonly request: SolveRequest;
  readonly images: readonly DefinedImage[];
  readonly multiPlatform: boolean;
  /** What the frontend tells beside. Where its option `requestid` asks a question, that is the answer, and all. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The requests that ops came from which came in with inputs: their sessions lend, their entitlements hold. All other
   * ops are the request's own.
   */
  readonly lenders?: ReadonlyMap<Digest, SolveRequest>;
  /** Images that the frontend looked up. */
  readonly resolved?: readonly ImageMaterial[];
  /** Caches that the frontend takes results from, beside those of the request. */
  readonly imports?: readonly CacheEntry[];
}

/** An image as its frontend, or somebody's LLB, defined it. */
export type DefinedImage = FrontendImage;

/** What a solve gave. `exported` holds each exporter's answer by BuildKit's keys (`containerimage.digest`, …). */
export interface SolveResponse {
  readonly id: string;
  readonly exported: Readonly<Record<string, string>>;
  /** The manifest's or index's digest, where an image came out. */
  readonly digest?: Digest;
  /** Bytes of all layers, compressed. */
  readonly size?: number;
  /** Where each image came from, by platform (`linux/amd64`): SLSA's predicate v0.2 with BuildKit's names. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}
