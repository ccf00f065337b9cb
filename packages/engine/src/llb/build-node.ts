import { llbBuilder, llbDefinitionInput } from './build.ts';
import type { Constraints } from './constraints.ts';
import { invalid } from './invalid.ts';
import { outputOf, workersOf, type Made, type Making, type Node, type Output } from './node.ts';
import type { State } from './state.ts';

export interface BuildOptions extends Constraints {
  /** The file that holds the definition, `buildkit.llb.definition` if left out. */
  readonly filename?: string | undefined;
}

/** Builds the definition that a file of `source` holds; the settings are those of `source`. */
export function build(source: State, options: BuildOptions = {}): State {
  if (!source.output) throw invalid('an empty state holds no definition to build');
  return source.withOutput(outputOf(new BuildNode(source.output, options)));
}

class BuildNode implements Node {
  readonly inputs: readonly Output[];
  readonly chains = [];
  readonly constraints: BuildOptions;

  constructor(source: Output, options: BuildOptions) {
    this.inputs = [source];
    this.constraints = options;
  }

  make(making: Making): Made {
    const { filename, platform } = this.constraints;
    const edge = making.edge(this.inputs[0]);
    if (!edge) throw invalid('an empty state holds no definition to build');
    return {
      kind: 'op',
      op: {
        kind: 'build',
        inputs: [edge],
        platform: platform ?? making.platform,
        workers: workersOf(this, making),
        builder: llbBuilder,
        named: new Map([[llbDefinitionInput, 0]]),
        attrs: new Map(filename ? [['llbbuild.filename', filename]] : []),
      },
      capabilities: ['source.buildop.llbfilename'],
    };
  }
}
