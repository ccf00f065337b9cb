import { readFlags } from '../flags.ts';
import { jsonOrText } from '../forms.ts';
import { goQuoteList } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';
import { inShell } from './shell.ts';

/** `CMD`: what a container runs unless it is told something else. */
export interface Cmd {
  readonly kind: 'cmd';
  readonly node: Node;
  readonly args: readonly string[];
  /** JSON form: the arguments are the process. */
  readonly json: boolean;
}

export function readCmd(node: Node): Cmd {
  readFlags(node.flags, {});
  return { kind: 'cmd', node, ...jsonOrText(node.rest) };
}

export function convertCmd(instruction: Cmd, stage: Stage): void {
  stage.usedOnce(instruction);
  const args = processOf(instruction, stage);
  stage.image.cmd = args;
  stage.image.argsEscaped = true;
  stage.record(`CMD ${goQuoteList(args)}`);
}

/** The process that a CMD or ENTRYPOINT means. */
export function processOf(command: Pick<Cmd, 'args' | 'json' | 'node'>, stage: Stage): readonly string[] {
  if (command.json) return command.args;
  if (stage.image.shell.length === 0) {
    const name = command.node.keyword;
    stage.warn(
      'JSONArgsRecommended',
      `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
    );
  }
  return inShell(stage, command.args.join(' '));
}
