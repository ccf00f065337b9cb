// `cli plan` and `cli build --dry`: the plan as text, as JSON, or only whom it is about.

import type { ShowInvocation } from '../tasks/defined-images.ts';
import { frozenRefusal, workOf, wouldRun } from './frozen.ts';
import { planOf, type Plan } from './plan.ts';

/** `ids` are those of the images for which a step would run, or may. */
export type PlanForm = 'text' | 'json' | 'ids';

/** Prints the plan; gives the exit code, which of a `frozen` one says whether a build would be refused. */
export async function showPlan(
  invocation: ShowInvocation,
  { form, frozen = false }: { readonly form: PlanForm; readonly frozen?: boolean },
): Promise<number> {
  const plan = await planOf(invocation, invocation.positionals);
  const { stdout, stderr } = invocation;
  stdout.write(await written(plan, form, invocation));
  const work = frozen ? workOf(plan) : [];
  if (work.length === 0) return 0;
  stderr.write(frozenRefusal(work));
  return wouldRun;
}

async function written(
  plan: Plan,
  form: PlanForm,
  { stdout, cwd }: Pick<ShowInvocation, 'stdout' | 'cwd'>,
): Promise<string> {
  if (form === 'json') return `${JSON.stringify(plan, null, 2)}\n`;
  if (form === 'text') return (await import('./text.ts')).planText(plan, { stream: stdout, cwd });
  const busy = new Set(workOf(plan).flatMap(({ images }) => images));
  return plan.images.flatMap(({ id }) => (busy.has(id) ? [`${id}\n`] : [])).join('');
}
