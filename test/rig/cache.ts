import { openCache, type OpenCache } from '../../packages/engine/src/cache/cache.ts';
import { openPool } from '../../packages/engine/src/pool/pool.ts';
import type { Job } from '../../packages/engine/src/session/job.ts';
import type { Session } from '../../packages/engine/src/session/session.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';

/** A cache in a folder of its own, and jobs to ask with. */
export interface TestCache extends AsyncDisposable {
  readonly cache: OpenCache;
  /** A job of a new session that lends this. */
  job(session?: Partial<Session>): Job;
}

export async function openTestCache(): Promise<TestCache> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeTempFolder());
  const pool = stack.use(openPool({ threads: 1 }));
  const cache = stack.use(await openCache(folder.path, { pool }));
  const held = stack.move();
  let sessions = 0;
  return {
    cache,
    job: (lent = {}) => ({
      signal: new AbortController().signal,
      report: () => {},
      session: {
        id: `session-${++sessions}`,
        folder: () => undefined,
        secret: async () => undefined,
        ssh: async () => undefined,
        credentials: async () => undefined,
        store: async () => undefined,
        ...lent,
      },
    }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
