import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { atLeastOne } from '../forms.ts';
import { splitInstruction, type Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `ONBUILD instruction`: what happens first in builds on this image. */
export interface OnBuild {
  readonly kind: 'onbuild';
  readonly node: Node;
  /** The instruction with its heredocs, as the image config keeps it. */
  readonly trigger: string;
}

export function readOnBuild(node: Node): OnBuild {
  if (node.rest === '') throw atLeastOne('ONBUILD');
  readFlags(node.flags, {});
  const { keyword } = splitInstruction(node.rest, node.escape);
  const name = keyword.toUpperCase();
  if (name === 'ONBUILD') throw mistake("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", { token: node.rest });
  if (name === 'MAINTAINER' || name === 'FROM') {
    throw mistake(`${name} isn't allowed as an ONBUILD trigger`, { token: keyword });
  }
  const bodies = node.heredocs.map(({ content, name }) => `\n${content}${name}`);
  return { kind: 'onbuild', node, trigger: node.original.replace(/^\s*ONBUILD\s*/i, '') + bodies.join('') };
}

export function convertOnBuild({ trigger }: OnBuild, stage: Stage): void {
  stage.image.onBuild = [...stage.image.onBuild, trigger];
}
