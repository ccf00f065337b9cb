import type { ImageLayer } from './read-image.ts';

/** Layers of two images that stand for one another; those of one alone have no partner. Indexes into their layers. */
export interface LayerPair {
  readonly from?: number;
  readonly to?: number;
}

/**
 * Pairs layers in order: the same layers first, then those that the same instruction made, then what is left between
 * two pairs, one by one where as many are left on both sides.
 */
export function pairedLayers(from: readonly ImageLayer[], to: readonly ImageLayer[]): readonly LayerPair[] {
  const pairs: LayerPair[] = [];
  let [a, b] = [0, 0];
  for (const [i, j] of [...commonOf(from, to), [from.length, to.length] as const]) {
    if (i - a === j - b) while (a < i) pairs.push({ from: a++, to: b++ });
    while (a < i) pairs.push({ from: a++ });
    while (b < j) pairs.push({ to: b++ });
    if (i < from.length) pairs.push({ from: a++, to: b++ });
  }
  return pairs;
}

/** The longest list of layers, in the order of both, that are the same or of the same instruction. */
function commonOf(from: readonly ImageLayer[], to: readonly ImageLayer[]): readonly (readonly [number, number])[] {
  const same = (i: number, j: number) =>
    from[i]!.diffId === to[j]!.diffId
      ? 2
      : from[i]!.createdBy === to[j]!.createdBy && from[i]!.createdBy !== ''
        ? 1
        : 0;
  const best = Array.from({ length: from.length + 1 }, () => new Int32Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const both = same(i, j);
      best[i]![j] = Math.max(best[i + 1]![j]!, best[i]![j + 1]!, both > 0 ? both + best[i + 1]![j + 1]! : 0);
    }
  }
  const common: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < from.length && j < to.length;) {
    const both = same(i, j);
    if (both > 0 && best[i]![j] === both + best[i + 1]![j + 1]!) common.push([i++, j++]);
    else if (best[i + 1]![j]! >= best[i]![j + 1]!) i++;
    else j++;
  }
  return common;
}
