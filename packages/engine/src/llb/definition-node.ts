import type { Digest } from '../oci/digest.ts';
import { digestOf } from '../oci/digest.ts';
import type { Definition } from './definition.ts';
import { invalid } from './invalid.ts';
import { outputOf, type Made, type Node, type Output } from './node.ts';
import { unmarshalOp } from './op.ts';
import { sourceMap, type SourceLocation } from './source-map.ts';
import { State } from './state.ts';

/** A state whose graph was marshalled before; its ops stay as they are, byte for byte. */
export function fromDefinition(definition: Definition): State {
  const last = definition.ops.at(-1);
  if (!last) return new State(undefined);
  const locations = locationsOf(definition);
  const nodes = new Map<string, DefinitionNode>();
  const output = (digest: Digest, index: number): Output => {
    const node = nodes.get(digest);
    if (!node) throw invalid(`the definition lacks the op ${digest} that another op reads`);
    return outputOf(node, index, node.platform);
  };
  for (const bytes of definition.ops.slice(0, -1)) {
    const op = unmarshalOp(bytes);
    if (op.kind === 'terminal') throw invalid('a definition with more than one terminal op');
    const digest = digestOf(bytes);
    const inputs = op.inputs.map((edge) => output(edge.digest, edge.index));
    const metadata = definition.metadata.get(digest);
    const made: Made = { kind: 'marshalled', digest, bytes, metadata, locations: locations.get(digest) ?? [] };
    nodes.set(digest, new DefinitionNode(made, inputs, op.platform));
  }
  const terminal = unmarshalOp(last);
  const [edge] = terminal.inputs;
  if (terminal.kind !== 'terminal' || !edge) throw invalid('a definition that does not say which op it is about');
  return new State(output(edge.digest, edge.index));
}

class DefinitionNode implements Node {
  readonly chains = [];
  readonly constraints = {};
  readonly inputs: readonly Output[];
  readonly platform;
  readonly #made: Made;

  constructor(made: Made, inputs: readonly Output[], platform: ReturnType<typeof unmarshalOp>['platform']) {
    this.#made = made;
    this.inputs = inputs;
    this.platform = platform;
  }

  make(): Made {
    return this.#made;
  }
}

function locationsOf({ source }: Definition): ReadonlyMap<string, readonly SourceLocation[]> {
  if (!source) return new Map();
  const maps = source.infos.map(({ definition, ...info }) =>
    sourceMap({ ...info, ...(definition && { state: fromDefinition(definition) }) }),
  );
  const locations = new Map<string, readonly SourceLocation[]>();
  for (const [digest, places] of source.locations) {
    locations.set(
      digest,
      places.map(({ sourceIndex, ranges }) => {
        const map = maps[sourceIndex];
        if (!map) throw invalid(`a place in source map ${sourceIndex}, which the definition does not have`);
        return { map, ranges };
      }),
    );
  }
  return locations;
}
