import type { GraphVertex } from '../llb/graph.ts';
import type { Foreseen } from '../solver/foresight.ts';

/** Whether a vertex runs, or may. */
export function isWork({ outlook }: Pick<Foreseen, 'outlook'>): boolean {
  return outlook === 'run' || outlook === 'open';
}

/** What one vertex tells of others. */
export interface Settled extends Foreseen {
  /** The vertex before it that does the very same work, whose result will do: then this one is a `hit`. */
  readonly sameAs?: GraphVertex;
}

/**
 * What is foreseen of vertices that run or may run, inputs before what reads them, in the light of one another: of those
 * that are kept under the same key one runs, and one that nothing follows from runs if no other is like it.
 */
export function settled(foreseen: ReadonlyMap<GraphVertex, Foreseen>): ReadonlyMap<GraphVertex, Settled> {
  const alike = Map.groupBy(foreseen.values(), ({ map }) => map);
  const first = new Map<string, GraphVertex>();
  return new Map(
    [...foreseen].map(([vertex, each]): [GraphVertex, Settled] => {
      const { outlook, keys, map, fresh } = each;
      if (outlook === 'open' && fresh && alike.get(map)!.length === 1) return [vertex, { ...each, outlook: 'run' }];
      const key = outlook === 'run' && vertex.inputs.length > 0 ? keys[0] : undefined;
      const sameAs = key === undefined ? undefined : first.get(key);
      if (sameAs) return [vertex, { outlook: 'hit', keys, sameAs }];
      if (key !== undefined) first.set(key, vertex);
      return [vertex, each];
    }),
  );
}
