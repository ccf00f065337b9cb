import { mistake } from '../failure.ts';
import { readFlags } from '../flags.ts';
import { atLeastOne, jsonOrWords } from '../forms.ts';
import { goList } from '../go-format.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';

/** `VOLUME /path …`: folders that a container keeps outside of its image. */
export interface Volume {
  readonly kind: 'volume';
  readonly node: Node;
  readonly paths: readonly string[];
}

export function readVolume(node: Node): Volume {
  const { args } = jsonOrWords(node.rest);
  if (args.length === 0) throw atLeastOne('VOLUME');
  readFlags(node.flags, {});
  return { kind: 'volume', node, paths: args.map((path) => filled(path.trim())) };
}

export function convertVolume(instruction: Volume, stage: Stage): void {
  const paths = instruction.paths.map((path) => filled(stage.expand(path)));
  for (const path of paths) stage.image.addVolume(path);
  stage.record(`VOLUME ${goList(paths)}`);
}

function filled(path: string): string {
  if (path === '') throw mistake('VOLUME specified cannot be an empty string');
  return path;
}
