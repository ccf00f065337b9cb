import { readFlags } from '../flags.ts';
import { keyValues, type KeyValue } from '../forms.ts';
import type { Node } from '../parse.ts';
import { warnOfSecretName } from '../secret-names.ts';
import type { Stage } from '../stage.ts';

/** `ENV key=value …`: variables of the stage from here on, and of containers of its image. */
export interface Env {
  readonly kind: 'env';
  readonly node: Node;
  readonly pairs: readonly KeyValue[];
}

export function readEnv(node: Node): Env {
  readFlags(node.flags, {});
  return { kind: 'env', node, pairs: keyValues(node) };
}

export function convertEnv({ pairs, node }: Env, stage: Stage): void {
  // All are expanded before any is set: `ENV a=1 b=$a` takes the `a` from before.
  const set = pairs.map(({ key, value }) => ({ key: stage.expand(key), value: stage.expand(value) }));
  for (const { legacy } of pairs) if (legacy) warnOfLegacyForm(node, stage);
  for (const { key, value } of set) {
    warnOfSecretName('ENV', key, stage);
    if (stage.image.env.has(key)) stage.variablesInOrder = false;
    stage.state = stage.state.env(key, value);
    stage.image.setEnv(key, value);
  }
  stage.record(`ENV ${set.map(({ key, value }) => `${key}=${value}`).join(' ')}`);
}

export function warnOfLegacyForm(node: Node, stage: Stage): void {
  const name = node.keyword;
  stage.warn('LegacyKeyValueFormat', `"${name} key=value" should be used instead of legacy "${name} key value" format`);
}
