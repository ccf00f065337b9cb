import type { ImmutableRef } from '../cache/ref.ts';
import type { Definition } from '../llb/definition.ts';
import type { Job } from '../session/job.ts';
import { openGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';

/** Brings about the tree of one definition by itself; the caller disposes it. */
export async function solveTree(definition: Definition, parts: Parts, job: Job): Promise<ImmutableRef> {
  await using open = openGraph([{ definition, session: job.session }], parts, job);
  const [root] = open.graph.roots;
  if (!root) return parts.cache.scratch.clone();
  const tree = await open.solver.solve(root);
  await open.solver.settle();
  return tree;
}
