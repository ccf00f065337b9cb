/** A node of a graph without circles. */
interface Node<N> {
  readonly inputs: readonly { readonly vertex: N }[];
}

/**
 * How long it takes from the start of each node until all that waits for it is done, if nothing has to queue: its longest
 * path. `nodes` has inputs before what reads them; `behind` is what takes its time after a node beside what reads it.
 * Times are in the unit of `durationOf`.
 */
export function remainingPaths<N extends Node<N>>(
  nodes: readonly N[],
  durationOf: (node: N) => number,
  behind: ReadonlyMap<N, number> = new Map(),
): ReadonlyMap<N, number> {
  const after = new Map(behind);
  const paths = new Map<N, number>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const path = durationOf(node) + (after.get(node) ?? 0);
    paths.set(node, path);
    for (const { vertex } of node.inputs) if ((after.get(vertex) ?? 0) < path) after.set(vertex, path);
  }
  return paths;
}
