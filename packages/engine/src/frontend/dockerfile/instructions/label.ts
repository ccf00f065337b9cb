import { readFlags } from '../flags.ts';
import { keyValues, type KeyValue } from '../forms.ts';
import type { Node } from '../parse.ts';
import type { Stage } from '../stage.ts';
import { warnOfLegacyForm } from './env.ts';

/** `LABEL key=value …`: metadata of the image. */
export interface Label {
  readonly kind: 'label';
  readonly node: Node;
  readonly pairs: readonly KeyValue[];
}

export function readLabel(node: Node): Label {
  readFlags(node.flags, {});
  return { kind: 'label', node, pairs: keyValues(node) };
}

export function convertLabel({ pairs, node }: Label, stage: Stage): void {
  const set = pairs.map(({ key, value }) => ({ key: stage.expand(key), value: stage.expand(value) }));
  for (const { legacy } of pairs) if (legacy) warnOfLegacyForm(node, stage);
  for (const { key, value } of set) stage.image.setLabel(key, value);
  stage.record(`LABEL ${set.map(({ key, value }) => `${key}=${value}`).join(' ')}`);
}
