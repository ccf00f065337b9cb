import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Executor } from '../executor/executor.ts';
import type { Op } from '../llb/op.ts';
import type { OpMetadata } from '../llb/metadata.ts';
import type { Job } from '../session/job.ts';
import type { Vertex } from '../solver/vertex.ts';
import type { Source } from '../source/source.ts';

/** A vertex of the solver with the op it stands for. */
export interface OpVertex extends Vertex {
  readonly op: Op;
  readonly metadata: OpMetadata | undefined;
}

/** What ops need of the engine to be keyed and run. */
export interface Surroundings {
  readonly cache: Cache;
  /** Opened when the first container runs. */
  readonly executor: () => Promise<Executor>;
  /** The source for an identifier's scheme, loaded when it is first asked for. */
  readonly source: (scheme: string) => Promise<Source | undefined>;
}

export type Result = ImmutableRef;
export type OpJob = Job;
