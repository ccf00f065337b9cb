// Images as they are kept, written short: for tests of what is told of them.

import type { Components, PlatformComponents, StepComponents } from './components.ts';
import { declaredIn } from './declared.ts';

/** A step that is read from its instruction; its inputs are the steps before it unless given. */
export function step(text: string, more: Partial<StepComponents> = {}): StepComponents {
  const [keyword = ''] = text.split(' ');
  const kind = keyword === 'FROM' ? 'source' : keyword === 'RUN' ? 'exec' : 'file';
  const parts: StepComponents['parts'] =
    kind === 'exec' ? { command: text.slice(4) } : kind === 'source' ? { image: text.slice(5) } : { copy: text };
  return {
    digest: `sha256:${text}`,
    name: `[1/9] ${text}`,
    kind,
    file: 'Dockerfile',
    lines: [1, 1],
    text,
    inputs: [],
    own: text,
    parts,
    ...more,
  };
}

/** Steps one after the other, each on top of the one before. */
export function chain(...steps: readonly StepComponents[]): readonly StepComponents[] {
  return steps.map((each, i) => ({ ...each, inputs: each.inputs.length > 0 || i === 0 ? each.inputs : [i - 1] }));
}

export function image(
  steps: readonly StepComponents[],
  {
    dockerfile = '',
    asked = {},
    ...more
  }: Partial<PlatformComponents> & {
    readonly dockerfile?: string;
    readonly asked?: Components['asked'];
  } = {},
): Components {
  const declared = declaredIn('Dockerfile', dockerfile);
  return { version: 1, asked, platforms: [{ platform: 'linux/amd64', config: {}, declared, steps, ...more }] };
}
