import type { Cache } from '../cache/api.ts';
import type { Executor } from '../executor/executor.ts';
import type { Source } from '../source/source.ts';

/** What ops need of the engine to be keyed and run. */
export interface Surroundings {
  readonly cache: Cache;
  /** Opened when the first container runs. */
  readonly executor: () => Promise<Executor>;
  /** The source for an identifier's scheme, loaded when it is first asked for. */
  readonly source: (scheme: string) => Promise<Source | undefined>;
}
