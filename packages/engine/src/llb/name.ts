import type { Digest } from '../oci/digest.ts';
import type { FileAction } from './file-action.ts';
import type { Op } from './op.ts';

/** Names of names are cut here: merges of merges could grow without end. */
const longest = 2000;

/** What an op is called where nobody gave it a name. `nameOf` names its inputs. */
export function opName(op: Op, nameOf: (input: Digest) => string): string {
  const input = (index: number) => nameOf(op.inputs[index]!.digest);
  switch (op.kind) {
    case 'source':
      return op.identifier;
    case 'exec':
      return op.meta.args.join(' ');
    case 'file':
      return op.actions.map(actionName).join(', ');
    case 'build':
      return 'build';
    case 'merge':
      return cut(`merge (${op.inputs.map((_, i) => input(i)).join(', ')})`);
    case 'diff': {
      const side = (index: number) => (index === -1 ? 'scratch' : `(${input(index)})`);
      return cut(`diff ${side(op.lower)} -> ${side(op.upper)}`);
    }
    case 'passthrough':
      return `passthrough ${op.id}`;
  }
}

function actionName(action: FileAction): string {
  switch (action.kind) {
    case 'mkdir':
    case 'mkfile':
    case 'rm':
      return `${action.kind} ${action.path}`;
    case 'symlink':
      return `symlink ${action.newpath} -> ${action.oldpath}`;
    case 'copy':
      return `copy ${action.src} ${action.dest}`;
  }
}

function cut(name: string): string {
  return name.length > longest ? `${name.slice(0, longest)}…` : name;
}
