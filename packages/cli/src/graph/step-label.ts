// Steps as the path that people know them by: `web#build` for a stage of an image.

import { stepPlace } from '../ui/step-word.ts';
import { titleOf } from './step-title.ts';

/** A step of a path. */
interface LabelledStep {
  readonly name: string;
  /** The image that it is told of. */
  readonly image: string;
}

/**
 * The labels along a path, each once: `base → web#build → web`, where a stage without a name of its own is called as its
 * image. Loading an image or a folder is the matter of the stage that the path goes on with.
 */
export function labelsOf(path: readonly LabelledStep[]): readonly string[] {
  const labels: string[] = [];
  const last = new Map<string, string>();
  for (const { name, image } of path.toReversed()) {
    if (labels.length > 0 && isLoad(name)) continue;
    const stage = stepPlace(name)?.stage ?? '';
    if (!last.has(image)) last.set(image, stage);
    const isNamed = stage !== '' && !/^stage-\d+$/.test(stage);
    // Of several without names the last is what the image is made of.
    const label = isNamed || (stage !== '' && stage !== last.get(image)) ? `${image}#${stage}` : image;
    if (label !== labels[0]) labels.unshift(label);
  }
  return labels;
}

function isLoad(name: string): boolean {
  return !stepPlace(name) || titleOf(name).text.startsWith('FROM ');
}
