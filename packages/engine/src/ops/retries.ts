import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphVertex } from '../llb/graph.ts';
import type { Usage } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import type { RunFacts } from '../solver/vertex.ts';
import { Failed } from '../std/failed.ts';

/** What is waited before the second attempt, in ms; before each further one twice as long, and the longest wait. */
const firstPause = 500;
const longestPause = 10_000;

/** What an attempt is told. */
interface Attempt extends Pick<RunFacts, 'used'> {
  /** Whether another one follows this failure. */
  isRetried(error: unknown): boolean;
}

interface RetryWorld extends Pick<RunFacts, 'used'> {
  readonly job: Work;
  readonly vertex: Pick<GraphVertex, 'digest'>;
}

/**
 * Runs a process again, up to `retries` times, where it failed in a way that may pass. Each attempt is told. Usage is that
 * of all attempts together: the highest peak, and the sum of the times.
 */
export async function withRetries<T>(
  retries: number,
  { job, vertex, used }: RetryWorld,
  run: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  let before: Usage = {};
  for (let attempt = 1; ; attempt++) {
    let own: Usage = {};
    const isRetried = (error: unknown) => attempt <= retries && mayPass(error);
    try {
      return await run({
        isRetried,
        used: (usage) => {
          own = together(before, usage);
          used(own);
        },
      });
    } catch (error) {
      if (!isRetried(error)) throw error;
      before = own;
      await sleep(Math.min(longestPause, firstPause * 2 ** (attempt - 1)), undefined, { signal: job.signal }).catch(
        () => job.signal.throwIfAborted(),
      );
      const { message } = error as Failed;
      const about = { attempt: attempt + 1, attempts: retries + 1, message };
      job.report({ kind: 'vertex-retried', vertex: vertex.digest, at: Date.now(), ...about });
    }
  }
}

/** A program that ran and failed, or was killed, though not by its own limit of memory: it would meet that again. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Failed)) return false;
  const failure = error.failure as { readonly kind: string; readonly ran?: boolean; readonly limit?: number };
  if (failure.kind === 'process-exit') return failure.ran !== false;
  return failure.kind === 'process-killed' && failure.limit === undefined;
}

function together(before: Usage, { peakMemory, cpuTime }: Usage): Usage {
  return {
    ...(peakMemory !== undefined && { peakMemory: Math.max(before.peakMemory ?? 0, peakMemory) }),
    ...(cpuTime !== undefined && { cpuTime: (before.cpuTime ?? 0) + cpuTime }),
  };
}
