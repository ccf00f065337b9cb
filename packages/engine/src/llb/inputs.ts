import type { Making, Output } from './node.ts';
import type { Edge } from './op.ts';

/** The inputs of an op while it is made: equal ones are one. */
export class Inputs {
  readonly edges: Edge[] = [];
  readonly #making: Making;
  readonly #known = new Map<string, number>();

  constructor(making: Making) {
    this.#making = making;
  }

  /** The index of this input; -1 for scratch. */
  add(output: Output | undefined): number {
    const edge = this.#making.edge(output);
    if (!edge) return -1;
    const key = `${edge.digest} ${edge.index}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.edges.push(edge) - 1;
      this.#known.set(key, index);
    }
    return index;
  }
}
