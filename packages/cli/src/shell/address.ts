import { stepPlace } from '../ui/step-word.ts';

/** What somebody asks for: an image, a stage of it, or a step. */
export interface Address {
  readonly image: string;
  readonly stage?: string;
  /** The step's number in its stage. */
  readonly index?: number;
  readonly platform?: string;
}

/** Reads `web`, `web#build`, and steps as `stepWord` writes them: `web#build:5`, `web:5`, `web#build:5@linux/arm64`. */
export function parseAddress(text: string): Address {
  const [, word = text, platform] = /^(.*:\d+)@([\w./>-]+)$/.exec(text) ?? [];
  const [, image = '', stage, index] = /^([^#]*?)(?:#(.*?))?(?::(\d+))?$/.exec(word) ?? [];
  return {
    image,
    ...(stage !== undefined && { stage }),
    ...(index !== undefined && { index: Number(index) }),
    ...(platform !== undefined && { platform }),
  };
}

/** Whether the step of this name is in what the address means. */
export function isAt({ stage, index, platform }: Address, name: string): boolean {
  const place = stepPlace(name);
  if (!place) return stage === undefined && index === undefined;
  if (index !== undefined && place.index !== index) return false;
  if (platform !== undefined && place.platform !== platform) return false;
  const wanted = stage ?? (index === undefined ? place.stage : '');
  return place.stage.toLowerCase() === wanted.toLowerCase();
}
