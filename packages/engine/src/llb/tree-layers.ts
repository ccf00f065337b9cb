import type { GraphEdge, GraphVertex } from './graph.ts';

/** The vertices whose layers a tree is made of: those that wrote into it one on the other, and the sources below them. */
export function treeLayers(root: GraphEdge): ReadonlySet<GraphVertex> {
  const layers = new Set<GraphVertex>();
  const seen = new Map<GraphVertex, Set<number>>();
  const open = [root];
  for (let edge = open.pop(); edge; edge = open.pop()) {
    const { vertex, index } = edge;
    const outputs = seen.get(vertex) ?? new Set();
    seen.set(vertex, outputs);
    if (outputs.has(index)) continue;
    outputs.add(index);
    layers.add(vertex);
    for (const input of below(vertex, index)) if (vertex.inputs[input]) open.push(vertex.inputs[input]);
  }
  return layers;
}

/** Indexes of the inputs that an output lies on; -1 is nothing. */
function below({ op, inputs }: GraphVertex, output: number): readonly number[] {
  switch (op.kind) {
    case 'exec':
      return op.mounts.filter((mount) => mount.output === output).map(({ input }) => input);
    case 'file': {
      let index = op.actions.findIndex((action) => action.output === output) + inputs.length;
      while (index >= inputs.length) index = op.actions[index - inputs.length]!.input;
      return [index];
    }
    case 'merge':
      return op.layers;
    case 'diff':
      return [op.upper];
    case 'passthrough':
      return [op.outputs[output]!];
    case 'source':
    case 'build':
      return [];
  }
}
