import { readFlags } from '../flags.ts';
import { jsonOrText } from '../forms.ts';
import { goQuoteList } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';
import { processOf } from './cmd.ts';

/** `ENTRYPOINT`: what a container always runs; CMD then is its arguments. */
export interface Entrypoint {
  readonly kind: 'entrypoint';
  readonly node: Node;
  readonly args: readonly string[];
  readonly json: boolean;
}

export function readEntrypoint(node: Node): Entrypoint {
  readFlags(node.flags, {});
  return { kind: 'entrypoint', node, ...jsonOrText(node.rest) };
}

export function convertEntrypoint(instruction: Entrypoint, stage: Stage): void {
  stage.usedOnce(instruction);
  const args = processOf(instruction, stage);
  stage.image.entrypoint = args;
  // The base image's CMD were arguments for its own entrypoint.
  if (!stage.has('cmd')) stage.image.cmd = [];
  stage.record(`ENTRYPOINT ${goQuoteList(args)}`);
}
