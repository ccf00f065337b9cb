import type { Constraints } from './constraints.ts';
import { outputOf, workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type { Edge } from './op.ts';
import { scratch, type State } from './state.ts';

/** What `upper` changes on `lower`, with the settings of `lower`. */
export function diff(lower: State, upper: State, constraints: Constraints = {}): State {
  if (!lower.output) return upper.output ? upper : scratch();
  return lower.withOutput(outputOf(new DiffNode(lower.output, upper.output, constraints)));
}

class DiffNode implements Node {
  readonly inputs: readonly Output[];
  readonly chains = [];
  readonly constraints: Constraints;
  readonly #lower: Output;
  readonly #upper: Output | undefined;

  constructor(lower: Output, upper: Output | undefined, constraints: Constraints) {
    this.inputs = upper ? [lower, upper] : [lower];
    this.constraints = constraints;
    this.#lower = lower;
    this.#upper = upper;
  }

  make(making: Making): Made {
    const inputs: Edge[] = [];
    const place = (output: Output | undefined) => {
      const edge = making.edge(output);
      return edge ? inputs.push(edge) - 1 : -1;
    };
    const [lower, upper] = [place(this.#lower), place(this.#upper)];
    return {
      kind: 'op',
      op: { kind: 'diff', inputs, workers: workersOf(this, making), lower, upper },
      capabilities: ['diffop'],
    };
  }
}
