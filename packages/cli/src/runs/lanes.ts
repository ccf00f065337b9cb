import type { RecordedStep } from './record.ts';

/** When a step was at work, in milliseconds since the run began, and beside what: no two of a lane overlap. */
export interface Span {
  readonly lane: number;
  readonly start: number;
  readonly end: number;
}

/** The steps that were started, by their time, each in the first lane that is free. */
export function lanesOf(
  steps: readonly RecordedStep[],
  run: { readonly startedAt: number; readonly endedAt: number },
): ReadonlyMap<RecordedStep, Span> {
  const started = steps.filter((step) => step.startedAt !== undefined && step.status !== 'cached');
  started.sort((a, b) => a.startedAt! - b.startedAt!);
  const freeAt: number[] = [];
  return new Map(
    started.map((step) => {
      const end = Math.max(step.startedAt!, step.endedAt ?? run.endedAt);
      const free = freeAt.findIndex((at) => at <= step.startedAt!);
      const lane = free < 0 ? freeAt.length : free;
      freeAt[lane] = end;
      return [step, { lane, start: step.startedAt! - run.startedAt, end: end - run.startedAt }];
    }),
  );
}
