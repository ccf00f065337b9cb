import { isAbsolute, relative } from 'node:path';
import type { FailedStep } from '@monokit/engine';
import { stepWord } from '../ui/step-word.ts';
import { isAt, parseAddress } from './address.ts';

/** The kept step that a word means, the latest where it means several: `@last`, or an address. */
export function chosenStep(
  steps: readonly FailedStep[],
  wanted: string,
  { isHere, platform }: { readonly isHere: (step: FailedStep) => boolean; readonly platform?: string | undefined },
): FailedStep | undefined {
  const fit = steps.filter(
    ({ op }) => platform === undefined || (op.platform && platformText(op.platform) === platform),
  );
  // Other projects have images of the same names in the same cache.
  const here = fit.filter(isHere);
  if (wanted === '@last') return here[0];
  const address = parseAddress(wanted);
  return [...here, ...fit].find(({ images, name }) => images.includes(address.image) && isAt(address, name));
}

/** What a kept step is called. */
export function wordOf({ vertex, name, images }: FailedStep): string {
  const [image] = images;
  return stepWord({ vertex, name, ...(image !== undefined && { image }) });
}

/** `linux/arm64`, `linux/arm/v7`. */
export function platformText({ os, architecture, variant }: NonNullable<FailedStep['op']['platform']>): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** Whether its Dockerfile is in this folder. */
export function isIn(root: string, { source }: FailedStep): boolean {
  if (source?.folder === undefined) return false;
  const path = relative(root, source.folder);
  return path === '' || (!path.startsWith('..') && !isAbsolute(path));
}
