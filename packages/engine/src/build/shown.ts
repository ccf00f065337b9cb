import { digestOf } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';

/** Work that is none of the graph's, shown as a vertex of this name. */
export async function shown<T>(name: string, job: Work, work: () => Promise<T>): Promise<T> {
  const vertex = digestOf(name);
  job.report({ kind: 'vertex-known', vertex, at: Date.now(), name, inputs: [] });
  job.report({ kind: 'vertex-started', vertex, at: Date.now() });
  try {
    const result = await work();
    job.report({ kind: 'vertex-completed', vertex, at: Date.now() });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    job.report({ kind: 'vertex-failed', vertex, at: Date.now(), message });
    throw error;
  }
}
