import type { Constraints } from './constraints.ts';
import { workersOf, type Made, type Making, type Node } from './node.ts';
import type { SourceOp } from './source.ts';

/** A source as a node. */
export class SourceNode implements Node {
  readonly inputs = [];
  readonly chains = [];
  readonly constraints: Constraints & { readonly localUniqueId?: string | undefined };
  readonly #identifier: string;
  readonly #attrs: ReadonlyMap<string, string>;
  readonly #capabilities: readonly string[];

  constructor(
    identifier: string,
    attrs: ReadonlyMap<string, string>,
    options: Constraints & {
      readonly localUniqueId?: string | undefined;
      readonly capabilities?: readonly string[] | undefined;
    },
  ) {
    this.#identifier = identifier;
    this.#attrs = attrs;
    this.#capabilities = options.capabilities ?? [];
    this.constraints = options;
  }

  make(making: Making): Made {
    const unnamed = this.#identifier.startsWith('local://') && !this.#attrs.has('local.session');
    const id = this.constraints.localUniqueId || making.localUniqueId;
    const op: SourceOp = {
      kind: 'source',
      inputs: [],
      ...(platformSpecific(this.#identifier) && { platform: this.constraints.platform ?? making.platform }),
      workers: workersOf(this, making),
      identifier: this.#identifier,
      attrs: unnamed ? new Map([...this.#attrs, ['local.unique', id]]) : this.#attrs,
    };
    const capabilities = unnamed ? [...this.#capabilities, 'source.local.unique'] : this.#capabilities;
    return { kind: 'op', op, capabilities };
  }
}

function platformSpecific(identifier: string): boolean {
  return identifier.startsWith('docker-image://') || identifier.startsWith('oci-layout://');
}
