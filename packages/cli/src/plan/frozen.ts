// `--frozen`: a build that may take everything from caches, and run nothing.

import { defineChosen, type ShowInvocation } from '../tasks/defined-images.ts';
import type { Chosen } from '../tasks/tasks.ts';
import { count } from '../ui/format.ts';
import { planOfImages, type Plan, type PlannedStep } from './plan.ts';
import { planText } from './text.ts';

/** The exit code of a build that was refused because a step would have run. */
export const wouldRun = 5;

/** Plans what was chosen, and tells what would run of it; 0 if nothing would. */
export async function frozenCode(
  chosen: Chosen,
  invocation: Pick<ShowInvocation, 'flags' | 'env' | 'signal' | 'stderr' | 'cwd'>,
): Promise<0 | typeof wouldRun> {
  await using scope = new AsyncDisposableStack();
  const plan = await planOfImages(await defineChosen(chosen, invocation, scope), invocation);
  const work = workOf(plan);
  if (work.length === 0) return 0;
  const { stderr, cwd } = invocation;
  stderr.write(`${planText(plan, { stream: stderr, cwd })}\n${frozenRefusal(work)}`);
  return wouldRun;
}

/** Steps that would run, or may. Looking up a base image is no work. */
export function workOf({ steps }: Pick<Plan, 'steps'>): readonly PlannedStep[] {
  return steps.filter(({ outlook, kind }) => (outlook === 'run' || outlook === 'unknown') && kind !== 'source');
}

/** The sentence of the refusal, ending in a line break. */
export function frozenRefusal(work: readonly PlannedStep[]): string {
  return `error: --frozen: ${count(work.length, 'step')} would run, or may\n`;
}
