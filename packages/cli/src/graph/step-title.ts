// A step's name, taken apart. Pure, and the same in Node and in a browser.

export interface StepTitle {
  /** As in `[build 2/5]`; empty for what is in no stage, `stage` in a Dockerfile with a single one without a name. */
  readonly stage: string;
  /** What it does, on one line, digests cut short. */
  readonly text: string;
}

export function titleOf(name: string): StepTitle {
  const [, inside, rest] = /^\[([^\]]*)\] (.*)$/s.exec(name) ?? [];
  const text = (rest ?? name)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1')
    .replace('docker.io/library/', '');
  const [, stage = 'stage'] = /^(?:(.*) )?\d+\/\d+$/.exec(inside ?? '') ?? [undefined, ''];
  return { stage, text };
}
