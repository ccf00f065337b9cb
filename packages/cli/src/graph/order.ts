// The order of cells in layers. Pure, and the same in Node and in a browser.

import type { Cell, Tie } from './layers.ts';

/** How often the layers are gone through. */
const sweeps = 12;

/** Sorts the cells of layers so that ties cross little: by the middle of what they are tied to, back and forth. */
export function order(layers: Cell[][]): void {
  stack(layers);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < sweeps && (fewest > 0 || sweep < 2); sweep++) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : layers.toReversed()) {
      const ways = new Map(layer.map((cell) => [cell, middle(forth ? cell.before : cell.after, forth) ?? cell.y]));
      layer.sort((a, b) => ways.get(a)! - ways.get(b)!);
      middlePassages(layer, ways);
      stack([layer]);
    }
    const count = crossings(layers);
    if (count <= fewest) [best, fewest] = [layers.map((layer) => [...layer]), count];
  }
  for (const [i, layer] of best.entries()) layers[i] = layer;
  stack(layers);
}

/** Among cells that want to be in one place a passage goes in the middle: on the edge its net would drift off. */
function middlePassages(layer: Cell[], ways: ReadonlyMap<Cell, number>): void {
  for (let start = 0, end = 1; start < layer.length; start = end++) {
    while (end < layer.length && Math.abs(ways.get(layer[end]!)! - ways.get(layer[start]!)!) < 0.5) end++;
    const run = layer.slice(start, end);
    const [boxes, passages] = [run.filter(({ box }) => box), run.filter(({ box }) => !box)];
    const half = boxes.length >> 1;
    layer.splice(start, run.length, ...boxes.slice(0, half), ...passages, ...boxes.slice(half));
  }
}

/** Puts cells below each other, closely. */
function stack(layers: readonly (readonly Cell[])[]): void {
  for (const layer of layers) {
    let y = 0;
    for (const cell of layer) {
      cell.y = y;
      y += cell.height + 8;
    }
  }
}

/** The mean height at the far ends of ties. */
function middle(ties: readonly Tie[], before: boolean): number | undefined {
  if (ties.length === 0) return undefined;
  const sum = ties.reduce((total, { from, fromY, to, toY }) => total + (before ? from.y + fromY : to.y + toY), 0);
  return sum / ties.length;
}

/** How often ties between neighbouring layers cross: the inversions of their ends, counted with a tree. */
function crossings(layers: readonly (readonly Cell[])[]): number {
  let total = 0;
  for (const layer of layers) {
    const ties = layer.flatMap(({ after }) => after);
    const ends = ties
      .map(({ from, fromY, to, toY }) => [from.y + fromY, to.y + toY] as const)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const heights = [...new Set(ends.map(([, y]) => y))].sort((a, b) => a - b);
    const rank = new Map(heights.map((y, i) => [y, i + 1]));
    const tree = new Int32Array(heights.length + 1);
    for (const [seen, [, y]] of ends.entries()) {
      let notAbove = 0;
      for (let i = rank.get(y)!; i > 0; i -= i & -i) notAbove += tree[i]!;
      total += seen - notAbove;
      for (let i = rank.get(y)!; i < tree.length; i += i & -i) tree[i]!++;
    }
  }
  return total;
}
