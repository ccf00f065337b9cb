import type { Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';

/** Where an export tells how far it is. */
export interface StepWork extends Work {
  readonly vertex?: Digest;
}

/** A job as the export of `input` uses it. */
export function stepWork({ vertex }: { readonly vertex?: Digest }, job: Work): StepWork {
  return { signal: job.signal, report: (event) => job.report(event), ...(vertex && { vertex }) };
}

/** Runs one part of an export under a name in the progress. */
export async function step<T>(id: string, { vertex, report }: StepWork, run: () => Promise<T>): Promise<T> {
  const tell = (done: boolean) => {
    if (vertex) report({ kind: 'progress', vertex, at: Date.now(), id, current: Number(done), unit: 'entries', done });
  };
  tell(false);
  const result = await run();
  tell(true);
  return result;
}
