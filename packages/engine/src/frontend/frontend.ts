// A frontend turns text and options into definitions. All that it may ask of the world is a Bridge.

import type { Definition } from '../llb/definition.ts';
import type { Attestation } from '../llb/result.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import type { Platform } from '../oci/platform.ts';
import type { Work } from '../progress/work.ts';
import type { ProgramBridge } from './program-bridge.ts';

export interface Frontend {
  /** Options are BuildKit's `--opt` names (`target`, `platform`, `build-arg:NAME`, …); an unknown one is a failure. */
  solve(options: Readonly<Record<string, string>>, bridge: ProgramBridge, work: Work): Promise<FrontendResult>;
}

export interface FrontendResult {
  /** One image, or one for each platform asked for, in that order. */
  readonly images: readonly FrontendImage[];
  /** Several platforms were asked for (or `multi-platform`): the result is an index even if it has one image. */
  readonly multiPlatform: boolean;
  /** More to tell with the result, by BuildKit's keys. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FrontendImage {
  readonly platform: Platform;
  readonly definition: Definition;
  /** Without rootfs; history complete (one entry an instruction). Somebody else's frontend, or LLB, may give none. */
  readonly config?: ImageConfig;
  readonly baseConfig?: ImageConfig;
  /** SOURCE_DATE_EPOCH as the build has it, Unix seconds. */
  readonly epoch?: number;
  /** What an SBOM tells of beside the result, by name: the context, and stages that are in no layer of it. */
  readonly scanned?: ReadonlyMap<string, Definition>;
  /** What the frontend states about it, by trees that hold the statements. */
  readonly attestations?: readonly Attestation<Definition>[];
}

/** What a frontend may ask during a build. Implemented in build/; a test's fake is a few lines. */
export interface Bridge {
  /** Settles an image reference: its manifest's digest and its configuration for a platform. Memoised a build. */
  resolveImage(reference: string, options: ResolveImage): Promise<ResolvedImage>;
  /**
   * Reads a file of the tree that a definition yields, or its first `length` bytes; undefined if there is none. At most
   * 16 MiB.
   */
  readFile(
    definition: Definition,
    path: string,
    options?: { readonly length?: number },
  ): Promise<Uint8Array | undefined>;
  /**
   * When that which a definition fetches was made, Unix seconds: a commit's time, HTTP's Last-Modified, or else the
   * newest file of a downloaded archive. Undefined if the definition fetches no single thing, or nobody says.
   */
  changedAt(definition: Definition): Promise<number | undefined>;
  /** Names in a folder of the tree that a definition yields; undefined if there is none. */
  readDir(definition: Definition, path: string): Promise<readonly string[] | undefined>;
  /**
   * What was handed in with the request under a name: for a `context:NAME=input:name` option, and for every image name
   * (as written, tag and all) that is used and is neither a stage nor a named context. Undefined: it is an ordinary
   * image. In a workspace these are the other images, so a `FROM` of another image's name is an edge to it.
   */
  input(name: string, platform: Platform): Promise<BridgeInput | undefined>;
  /** Leaves the request to another frontend of this engine, with the same surroundings. */
  forward(frontend: string, options: Readonly<Record<string, string>>): Promise<FrontendResult>;
}

/** A definition that takes the place of an image or context. */
export interface BridgeInput {
  readonly definition: Definition;
  /** The image config that goes with it, if it is an image. */
  readonly config?: ImageConfig;
}

export interface ResolveImage {
  readonly platform: Platform;
  readonly mode: 'default' | 'pull' | 'local';
  /** What to call this in the progress, e.g. `[internal] load metadata for docker.io/library/busybox:latest`. */
  readonly logName: string;
  /** Set for `oci-layout://` references: the name of the store that the session lends. */
  readonly layout?: string;
}

export interface ResolvedImage {
  /** Undefined where nobody could say: then the name alone stands for it. */
  readonly digest?: Digest;
  /** The image config's bytes. */
  readonly config: Uint8Array;
  /** Normalised reference, if resolving changed it. */
  readonly reference?: string;
}
