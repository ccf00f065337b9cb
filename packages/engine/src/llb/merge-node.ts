import type { Constraints } from './constraints.ts';
import { invalid } from './invalid.ts';
import { outputOf, workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type { Edge } from './op.ts';
import { scratch, type State } from './state.ts';

/** The states laid over each other, later ones on top, with the settings of the first. */
export function merge(states: readonly State[], constraints: Constraints = {}): State {
  const [first, ...others] = states.filter((state) => state.output);
  if (!first) return scratch();
  if (others.length === 0) return first;
  return first.withOutput(outputOf(new MergeNode([first, ...others], constraints)));
}

class MergeNode implements Node {
  readonly inputs: readonly Output[];
  readonly chains = [];
  readonly constraints: Constraints;

  constructor(states: readonly State[], constraints: Constraints) {
    this.inputs = states.flatMap((state) => state.output ?? []);
    this.constraints = constraints;
  }

  /** Unlike other ops a merge may have the same input twice. */
  make(making: Making): Made {
    const inputs = this.inputs.map((input) => making.edge(input)).filter((edge): edge is Edge => edge !== undefined);
    if (inputs.length < 2)
      throw invalid('a merge of states that were decided late has fewer than two that are not empty');
    return {
      kind: 'op',
      op: { kind: 'merge', inputs, workers: workersOf(this, making), layers: inputs.map((_, i) => i) },
      capabilities: ['mergeop'],
    };
  }
}
