// Where the time of a run went.
import { criticalPath } from '../graph/critical.ts';
import type { RecordedStep, RunRecord } from './record.ts';

/** Milliseconds for which a step was at work; 0 for one that did not run. */
export function tookOf({ status, startedAt, endedAt }: RecordedStep): number {
  if (startedAt === undefined || endedAt === undefined || (status !== 'run' && status !== 'failed')) return 0;
  return endedAt - startedAt;
}

/** Steps that ran, the slowest first. */
export function slowest({ steps }: RunRecord, most: number): readonly RecordedStep[] {
  const ran = steps.filter((step) => tookOf(step) > 0);
  return ran.sort((a, b) => tookOf(b) - tookOf(a)).slice(0, most);
}

/** The chain of steps that the run could not have been quicker than: those of them that took any time. */
export function criticalSteps({ steps }: RunRecord): readonly RecordedStep[] {
  const nodes = steps.map((step) => ({ digest: step.vertex, inputs: step.inputs, step }));
  return criticalPath(nodes, ({ step }) => tookOf(step)).flatMap(({ step }) => (tookOf(step) > 0 ? [step] : []));
}
