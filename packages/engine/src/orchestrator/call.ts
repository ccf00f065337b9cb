import type { Engine, SolveRequest } from '../engine.ts';
import { readAnswer, type Answer } from '../frontend/subrequests/subrequest.ts';
import { Failed } from '../std/failed.ts';
import { defineAll } from './define-all.ts';
import type { OrchestratorFailure } from './failure.ts';
import type { Offer, RunOptions, Task } from './run.ts';

/**
 * Asks the frontend of each task a question (`frontend.lint`, `frontend.outline`, …) instead of building it, and gives
 * the answers in order. Any engine can be asked. An image that another one is built from is defined as for a build.
 */
export function call(
  engine: Engine,
  tasks: readonly Task[],
  { question, offers = [], ...work }: Pick<RunOptions, 'signal' | 'report' | 'offers'> & { readonly question: string },
): readonly Promise<Answer>[] {
  const asking = tasks.map(({ request }) => ({ request: withQuestion(request, question), names: [] }));
  const built = tasks.map(({ request, names }): Offer => ({
    id: request.id,
    names,
    request: () => Promise.resolve(request),
  }));
  return defineAll(engine, asking, { ...work, offers: [...built, ...offers] }).map(async (defined, i) => {
    const answer = readAnswer((await defined).metadata);
    if (answer) return answer;
    const { id } = tasks[i]!.request;
    const message = `nobody answers ${question} for ${id}: it has no frontend, or one that does not know the question`;
    throw new Failed<OrchestratorFailure>({ kind: 'no-answer', image: id, question, message });
  });
}

function withQuestion(request: SolveRequest, question: string): SolveRequest {
  const { source } = request;
  if (source.kind !== 'frontend') return request;
  const asked = { requestid: question, 'frontend.caps': 'moby.buildkit.frontend.subrequests' };
  return { ...request, source: { ...source, options: { ...source.options, ...asked } } };
}
