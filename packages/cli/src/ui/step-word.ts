// How people name a step: `web#build:5`, the fifth step of the stage `build` of the image `web`.

interface Named {
  readonly vertex: string;
  readonly name: string;
  readonly image?: string | undefined;
}

/** The word for a step; the beginning of its digest where no image numbers it. */
export function stepWord({ vertex, name, image }: Named): string {
  return numbered(name, image) ?? vertex.slice('sha256:'.length, 'sha256:'.length + 12);
}

/** Whether a word means a step: as `stepWord` gives it, or the beginning of its digest. */
export function means(word: string, step: Named): boolean {
  if (numbered(step.name, step.image) === word) return true;
  const digest = word.startsWith('sha256:') ? word : `sha256:${word}`;
  return /^sha256:[0-9a-f]{6,64}$/.test(digest) && step.vertex.startsWith(digest);
}

/** `[linux/arm64 build 5/8] RUN make` of `web` is `web#build:5@linux/arm64`; a stage without a name is left out. */
function numbered(name: string, image: string | undefined): string | undefined {
  const place = stepPlace(name);
  if (!place || image === undefined) return undefined;
  const { stage, index, platform } = place;
  return `${image}${stage === '' ? '' : `#${stage}`}:${index}${platform === undefined ? '' : `@${platform}`}`;
}

/** Where a step stands, as its name says; undefined for what is in no stage. */
export function stepPlace(name: string):
  | {
      /** '' for a single stage without a name. */
      readonly stage: string;
      readonly index: number;
      /** Told where several platforms are built. */
      readonly platform?: string;
    }
  | undefined {
  const [, platform, stage = '', number] =
    /^\[(?:([^\s\]]+\/[^\s\]]+) +)?(?:([^\s\]]+) +)? *(\d+)\/\d+\]/.exec(name) ?? [];
  if (number === undefined) return undefined;
  return { stage, index: Number(number), ...(platform !== undefined && { platform }) };
}
