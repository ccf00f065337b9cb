import type { GraphVertex } from '../llb/graph.ts';
import type { Foreseen } from '../solver/foresight.ts';

/** Steps that will not run because one before them does the same work, by the key that both are kept under. */
export function twinsOf(
  vertices: readonly GraphVertex[],
  foreseen: (vertex: GraphVertex) => Foreseen | undefined,
): ReadonlyMap<GraphVertex, GraphVertex> {
  const first = new Map<string, GraphVertex>();
  const twins = new Map<GraphVertex, GraphVertex>();
  for (const vertex of vertices) {
    const { outlook, keys } = foreseen(vertex) ?? {};
    const key = outlook === 'run' && vertex.inputs.length > 0 ? keys![0] : undefined;
    if (key === undefined) continue;
    const same = first.get(key);
    if (same) twins.set(vertex, same);
    else first.set(key, vertex);
  }
  return twins;
}
