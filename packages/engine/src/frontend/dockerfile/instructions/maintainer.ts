import { readFlags } from '../flags.ts';
import { oneArgument } from '../forms.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `MAINTAINER name` (deprecated): the image's author. */
export interface Maintainer {
  readonly kind: 'maintainer';
  readonly node: Node;
  readonly name: string;
}

export function readMaintainer(node: Node): Maintainer {
  const name = oneArgument(node);
  readFlags(node.flags, {});
  return { kind: 'maintainer', node, name };
}

export function convertMaintainer({ name }: Maintainer, stage: Stage): void {
  stage.image.author = name;
  stage.record(`MAINTAINER ${name}`);
}
