import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { atLeastOne, jsonOrText } from '../forms.ts';
import { goList } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `SHELL ["program", "arg"]`: what runs shell forms from here on. */
export interface Shell {
  readonly kind: 'shell';
  readonly node: Node;
  readonly shell: readonly string[];
}

export function readShell(node: Node): Shell {
  readFlags(node.flags, {});
  const { args, json } = jsonOrText(node.rest);
  if (args.length === 0) throw atLeastOne('SHELL');
  if (!json) throw mistake('SHELL requires the arguments to be in JSON form', { token: node.rest });
  return { kind: 'shell', node, shell: args };
}

export function convertShell({ shell }: Shell, stage: Stage): void {
  stage.image.shell = shell;
  stage.record(`SHELL ${goList(shell)}`);
}

/** A shell-form command as the process that runs it. */
export function inShell(stage: Stage, command: string): readonly string[] {
  const { shell, platform } = stage.image;
  if (shell.length > 0) return [...shell, command];
  return platform.os === 'windows' ? ['cmd', '/S', '/C', command] : ['/bin/sh', '-c', command];
}
