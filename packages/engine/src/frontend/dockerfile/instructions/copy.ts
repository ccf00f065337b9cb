import { joinPath } from '../../../llb/path.ts';
import { goQuote } from '../../../std/go-quote.ts';
import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { isGitAddress, readGitReference } from '../git-reference.ts';
import type { Node } from '../parse.ts';
import type { Command, Stage } from '../stage.ts';
import { expandOperands, readMode, readOperands, Transfer, warnOfIgnored, type Operands } from '../transfer.ts';
import { expand, noVariables } from '../words.ts';

/** `COPY [flags] source … destination`: files of the context, or of a stage or image. */
export interface Copy {
  readonly kind: 'copy';
  readonly node: Node;
  readonly operands: Operands;
  /** A stage by name or number, an image, or a named context; undefined is the build context. */
  readonly from: string | undefined;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
}

export const flagKinds = {
  chown: 'text',
  from: 'text',
  chmod: 'text',
  link: 'boolean',
  exclude: 'list',
  parents: 'boolean',
} as const;

export function readCopy(node: Node): Copy {
  const flags = readFlags(node.flags, flagKinds);
  const { from, chown = '', chmod = '', link = false, parents = false, exclude } = flags;
  const operands = readOperands(node);
  return { kind: 'copy', node, operands, from: from || undefined, chown, chmod, link, parents, exclude };
}

/** `--from` names something that exists before variables do. */
export function checkCopyFrom({ from }: Copy, escape: string): void {
  if (from === undefined || expand(from, noVariables, { escape }).text === from) return;
  throw mistake(
    'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    { token: from },
  );
}

export function convertCopy(instruction: Copy, stage: Stage, { sources: [source] }: Command): void {
  const { node, from, parents, exclude } = instruction;
  const [chown, chmod] = [stage.expand(instruction.chown), stage.expand(instruction.chmod)];
  const operands = expandOperands(instruction.operands, stage);
  if (source && !source.done) {
    throw mistake(
      `cannot copy from stage ${goQuote(from ?? '')}, it needs to be defined before current stage ${goQuote(stage.name)}`,
      { token: from },
    );
  }
  const mode = readMode(chmod);
  const transfer = new Transfer(stage, node, { destination: operands.destination, chown, mode, exclude });
  for (const path of operands.sources) {
    if (isGitAddress(path) && !readGitReference(path)?.maybePath) {
      throw mistake("source can't be a git ref for COPY", { token: path });
    }
    if (/^https?:\/\//.test(path)) throw mistake("source can't be a URL for COPY", { token: path });
    if (!source) warnOfIgnored('Copy', path, stage);
    transfer.matching(source?.state ?? stage.conversion.buildContext, path, { unpack: false, parents });
  }
  for (const document of operands.documents) transfer.document(document);
  transfer.finish({ link: instruction.link && chmod === '' });
  const paths = source ? source.paths : stage.contextPaths;
  for (const path of operands.sources) paths.add(joinPath('/', path));
  stage.record(historyOf('COPY', { ...operands, chown, chmod, parents }), { layer: true });
}

/** The line of history of an ADD or COPY. */
export function historyOf(
  name: 'ADD' | 'COPY',
  told: Operands & { readonly chown: string; readonly chmod: string; readonly parents?: boolean },
): string {
  const flags = [
    told.parents ? '--parents' : '',
    told.chown && `--chown=${told.chown}`,
    told.chmod && `--chmod=${told.chmod}`,
  ].filter((flag) => flag !== '');
  const documents = told.documents.map((document) => `<<${document.name}`);
  return [name, ...flags, ...told.sources, ...documents, told.destination, '# buildkit'].join(' ');
}
