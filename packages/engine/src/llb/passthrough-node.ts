import type { Constraints } from './constraints.ts';
import { invalid } from './invalid.ts';
import { outputOf, workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type { Edge } from './op.ts';
import type { State } from './state.ts';

export interface PassthroughInput {
  readonly state: State;
  /** Whether the state is handed on, or only waited for. */
  readonly output: boolean;
}

/** The states that are handed on, once all of the inputs are there. `id` names the vertex. */
export function passthrough(
  id: string,
  inputs: readonly PassthroughInput[],
  constraints: Constraints = {},
): readonly State[] {
  const node = new PassthroughNode(id, inputs, constraints);
  return inputs
    .filter(({ state, output }) => output && state.output)
    .map(({ state }, i) => state.withOutput(node.outputAt(i)));
}

/** Hands states on unchanged once all of them are there. `outputAt(i)` is the i-th that is handed on. */
export class PassthroughNode implements Node {
  readonly inputs: readonly Output[];
  readonly chains = [];
  readonly constraints: Constraints;
  readonly #id: string;
  readonly #outputs: readonly number[];

  constructor(id: string, inputs: readonly PassthroughInput[], constraints: Constraints = {}) {
    if (id === '') throw invalid('a passthrough needs an id');
    const given = inputs.filter(({ state }) => state.output);
    this.inputs = given.map(({ state }) => state.output!);
    this.constraints = constraints;
    this.#id = id;
    this.#outputs = given.flatMap(({ output }, i) => (output ? [i] : []));
  }

  outputAt(index: number): Output {
    if (index >= this.#outputs.length) throw invalid(`the passthrough ${this.#id} has no output ${index}`);
    return outputOf(this, index);
  }

  make(making: Making): Made {
    const inputs = this.inputs.map((input): Edge => {
      const edge = making.edge(input);
      if (!edge) throw invalid(`a state in the passthrough ${this.#id} turned out to be empty`);
      return edge;
    });
    return {
      kind: 'op',
      op: { kind: 'passthrough', inputs, workers: workersOf(this, making), id: this.#id, outputs: this.#outputs },
      capabilities: ['passthroughop'],
    };
  }
}
