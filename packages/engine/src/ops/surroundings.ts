import type { Cache } from '../cache/api.ts';
import type { ContentHash } from '../cache/content-hash.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Executor } from '../executor/executor.ts';
import type { Definition } from '../llb/definition.ts';
import type { Pool } from '../pool/pool.ts';
import type { Job } from '../session/job.ts';
import type { Source } from '../source/source.ts';

/** What ops need of the engine to be keyed and run. */
export interface Surroundings {
  readonly cache: Cache;
  /** Opened when the first container runs. */
  readonly executor: () => Promise<Executor>;
  readonly contentHash: ContentHash;
  readonly pool: Pool;
  /** How often a process that failed is run again; never when undefined. */
  readonly retries?: number;
  /** Ids of the requests that want the vertex, for what failed steps leave. */
  readonly wantedBy: readonly string[];
  /** Brings about the tree of a definition that was found in the middle of a build. */
  readonly solveTree: (definition: Definition, job: Job) => Promise<ImmutableRef>;
  /** The source for an identifier's scheme, loaded when it is first asked for. */
  readonly source: (scheme: string) => Promise<Source | undefined>;
}
