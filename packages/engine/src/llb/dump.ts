import { digestOf } from '../oci/digest.ts';
import type { Definition } from './definition.ts';
import type { FileAction } from './file-action.ts';
import { goJson } from './go-json.ts';
import { metadataJson, opJson } from './json.ts';
import { unmarshalOp, type Op, type Terminal } from './op.ts';

/** One line of JSON an op, as `buildctl debug dump-llb` prints them. Reads what can be read, checks nothing. */
export function dumpJson(definition: Definition): string {
  return definition.ops
    .map((bytes) => {
      const digest = digestOf(bytes);
      const metadata = definition.metadata.get(digest);
      const line = {
        Op: opJson(unmarshalOp(bytes)),
        Digest: digest,
        OpMetadata: metadata ? metadataJson(metadata) : {},
      };
      return `${goJson(line)}\n`;
    })
    .join('');
}

/** The graph in the language of Graphviz, as `buildctl debug dump-llb --dot` draws it. */
export function dumpDot(definition: Definition): string {
  const ops = definition.ops.map((bytes) => ({ digest: digestOf(bytes), op: unmarshalOp(bytes) }));
  const nodes = ops.map(({ digest, op }) => {
    const [label, shape] = drawing(op, digest);
    return `  ${quoted(digest)} [label=${quoted(label)} shape=${quoted(shape)}];\n`;
  });
  const edges = ops.flatMap(({ digest, op }) =>
    op.inputs.map(
      (input, i) => `  ${quoted(input.digest)} -> ${quoted(digest)} [label=${quoted(mountedAt(op, i))}];\n`,
    ),
  );
  return `digraph {\n${nodes.join('')}${edges.join('')}}\n`;
}

function drawing(op: Op | Terminal, digest: string): readonly [label: string, shape: string] {
  switch (op.kind) {
    case 'source':
      return [op.identifier, 'ellipse'];
    case 'exec':
      return [op.meta.args.join(' '), 'box'];
    case 'build':
      return ['build', 'box3d'];
    case 'merge':
      return ['merge', 'invtriangle'];
    case 'diff':
      return ['diff', 'doublecircle'];
    case 'file':
      return [op.actions.map(actionLabel).join(','), 'note'];
    case 'passthrough':
    case 'terminal':
      return [digest, 'plaintext'];
  }
}

function actionLabel(action: FileAction): string {
  switch (action.kind) {
    case 'copy':
      return `copy{src=${action.src}, dest=${action.dest}}`;
    case 'symlink':
      return `symlink{oldpath=${action.oldpath}, newpath=${action.newpath}}`;
    case 'mkfile':
    case 'mkdir':
    case 'rm':
      return `${action.kind}{path=${action.path}}`;
  }
}

/** Where an exec has an input, if that isn't its root. */
function mountedAt(op: Op | Terminal, input: number): string {
  if (op.kind !== 'exec') return '';
  return op.mounts.findLast((mount) => mount.input === input && mount.dest !== '/')?.dest ?? '';
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
