// Where graphs begin: an identifier becomes a pinned thing, and that a tree.

import type { ImmutableRef } from '../cache/ref.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import type { Download } from '../progress/download.ts';
import type { Job } from '../session/job.ts';

export interface Source {
  /** `docker-image`, `oci-layout`, `local`, `git`, `http`, `https`. */
  readonly schemes: readonly string[];
  /** Settles what the identifier names right now: a tag's digest, a branch's commit, a URL's content. */
  pin(request: SourceRequest, job: Job): Promise<Pinned>;
}

/** A SourceOp's data. */
export interface SourceRequest {
  /** What follows `scheme://`. */
  readonly scheme: string;
  readonly name: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** The vertex that asks, for progress. */
  readonly vertex: Digest;
  /**
   * How far it goes where it is not to be built. `here`: only what this machine has counts, and nothing is asked of others;
   * fails where that does not tell. `asking`: others are asked, and nothing is fetched; there are no keys where only that
   * would tell.
   */
  readonly reach?: 'here' | 'asking';
}

export interface Pinned {
  /** What it was pinned to, for people and provenance: `sha256:…`, a commit. */
  readonly pin: string;
  /** Keys in BuildKit's own form (LLB-062 … LLB-065), tried in order. Keys that no later build can hit are `session`. */
  readonly keys: readonly SourceKey[];
  /** When it was made, Unix seconds: a commit's time, HTTP's Last-Modified, or an archive's newest file. */
  changedAt?(job: Job): Promise<number | undefined>;
  /** What `tree` would fetch, as far as that can be told without. */
  downloads?(job: Job): Promise<readonly Download[]>;
  /** The tree. Called only when somebody needs it. */
  tree(job: Job): Promise<ImmutableRef>;
}

export interface SourceKey {
  readonly key: string;
  /** `random:` keys of BuildKit: good in this session alone. */
  readonly session?: boolean;
}

/**
 * What frontends ask of images: their digest and configuration (LLBBridge ResolveImageConfig). Where definitions are
 * only looked at, an image that can't be reached may be without a digest.
 */
export interface ImageResolver {
  resolve(
    reference: string,
    options: {
      readonly platform?: Platform;
      readonly mode: 'default' | 'pull' | 'local';
      /** Only what this machine has counts, and nothing is asked of others; fails where that does not tell. */
      readonly here?: boolean;
    },
    job: Job,
  ): Promise<{ readonly digest?: Digest; readonly config: Uint8Array }>;
}
