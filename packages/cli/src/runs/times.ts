// Where the time of a run went.

import { isWritten, noticedOfOthers, toldPath } from '../graph/critical.ts';
import { labelsOf } from '../graph/step-label.ts';
import type { Times } from '../ui/facts.ts';
import { isInternal } from '../ui/model.ts';
import type { RecordedStep, RunRecord } from './record.ts';

/** Milliseconds for which a step was at work; 0 for one that did not run. */
export function tookOf({ status, startedAt, endedAt }: RecordedStep): number {
  if (startedAt === undefined || endedAt === undefined || (status !== 'run' && status !== 'failed')) return 0;
  return endedAt - startedAt;
}

/** Milliseconds for which a step was at work that the end of the run stopped; undefined for others. */
export function stoppedAfter({ status, startedAt, endedAt }: RecordedStep): number | undefined {
  if (status !== 'cancelled' || startedAt === undefined || endedAt === undefined) return undefined;
  return endedAt - startedAt;
}

/** Steps that ran, the slowest first. What a build does on its own account is among them where it took long. */
export function slowest({ steps }: Pick<RunRecord, 'steps'>, most: number): readonly RecordedStep[] {
  const ran = steps.filter((step) => tookOf(step) > (isWritten(pathStep(step)) ? 0 : noticedOfOthers));
  return ran.sort((a, b) => tookOf(b) - tookOf(a)).slice(0, most);
}

/** The chain of steps that the run could not have been quicker than. */
export function criticalSteps({ steps }: Pick<RunRecord, 'steps'>): readonly RecordedStep[] {
  return toldPath(steps.map(pathStep), ({ step }) => tookOf(step)).map(({ step }) => step);
}

function pathStep(step: RecordedStep) {
  const { vertex: digest, name, inputs, wantedBy: images, image = '' } = step;
  return { digest, name, inputs, images, image, step };
}

/** What steps that ran took, and those that did not by what they took before (`before`), in ms. */
export function worthOf(
  steps: readonly RecordedStep[],
  before: (step: RecordedStep) => number | undefined,
): { readonly spent: number; readonly saved: number } {
  let [spent, saved] = [0, 0];
  for (const step of steps) {
    if (isInternal(step)) continue;
    spent += tookOf(step);
    if (step.status === 'cached' || step.status === 'needless') saved += before(step) ?? 0;
  }
  return { spent, saved };
}

/** What the summary says of a run's time; `saved` is what `worthOf` gives. */
export function timesOf(steps: readonly RecordedStep[], saved: number): Times {
  const path = criticalSteps({ steps });
  const duration = path.reduce((sum, step) => sum + tookOf(step), 0);
  const recoverable = recoverableOf(steps, duration);
  return {
    ...(path.length > 0 && {
      critical: {
        duration,
        path: labelsOf(path.map(pathStep)),
      },
    }),
    ...(recoverable >= noticed && { recoverable }),
    ...(saved > 0 && { saved }),
  };
}

/** What could be spared is no matter where it is less, in ms. */
const noticed = 100;

/**
 * What more processors, memory or places could have spared at most: the time in which some step was ready and waited, as
 * far as the run took longer than its critical path.
 */
function recoverableOf(steps: readonly RecordedStep[], critical: number): number {
  const ran = steps.filter((step) => tookOf(step) > 0);
  const waits = ran
    .map(({ startedAt, waited = 0 }) => [startedAt! - waited, startedAt!] as const)
    .toSorted(([a], [b]) => a - b);
  if (waits.length === 0) return 0;
  let [contended, until] = [0, Number.NEGATIVE_INFINITY];
  for (const [from, to] of waits) {
    contended += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  const ended = ran.reduce((last, { endedAt }) => Math.max(last, endedAt!), 0);
  return Math.max(0, Math.min(contended, ended - waits[0]![0] - critical));
}
