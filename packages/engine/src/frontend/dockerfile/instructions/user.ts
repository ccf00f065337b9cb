import { readFlags } from '../flags.ts';
import { oneArgument } from '../forms.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `USER name[:group]`: who runs what follows. Names are looked up in the container. */
export interface User {
  readonly kind: 'user';
  readonly node: Node;
  readonly user: string;
}

export function readUser(node: Node): User {
  const user = oneArgument(node);
  readFlags(node.flags, {});
  return { kind: 'user', node, user };
}

export function convertUser(instruction: User, stage: Stage): void {
  const user = stage.expand(instruction.user);
  stage.state = stage.state.user(user);
  stage.image.user = user;
  stage.record(`USER ${user}`);
}
