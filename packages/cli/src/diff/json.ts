import type { FileFacts, ImageDiff } from '@monokit/engine/diff';
import { placesIn } from './instruction.ts';
import type { Pair } from './sides.ts';

/** The difference as programs read it (docs/diff.md). */
export function diffJson({ layers, files, ...diff }: ImageDiff, { image, built }: Pair): object {
  const places = built && image !== undefined ? placesIn(built, image) : undefined;
  return {
    ...(image !== undefined && { image }),
    ...diff,
    layers: layers.map((layer) => {
      const place = places?.(layer.instruction);
      return { ...layer, ...(place !== undefined && { place }) };
    }),
    ...(files && {
      files: files.map((change) => ({
        ...change,
        path: Buffer.from(change.path, 'latin1').toString(),
        ...('from' in change && { from: factsJson(change.from) }),
        ...('to' in change && { to: factsJson(change.to) }),
      })),
    }),
  };
}

function factsJson({ mode, ...facts }: FileFacts): object {
  return { ...facts, mode: mode.toString(8).padStart(4, '0') };
}
