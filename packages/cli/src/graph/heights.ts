// How high cells stand in their layers. Pure, and the same in Node and in a browser.

import type { Cell } from './layers.ts';

/** Heights: each cell as near to what it is tied to as its neighbours leave it. Passages pull hardest, to stay level. */
export function settle(layers: readonly (readonly Cell[])[], gap: number): void {
  for (let round = 0; round < 16; round++) {
    const forth = round % 2 === 0;
    for (const layer of forth ? layers : layers.toReversed()) {
      const wanted = layer.map((cell) => {
        const ties = round < 4 ? (forth ? cell.before : cell.after) : [...cell.before, ...cell.after];
        if (ties.length === 0) return { y: cell.y, weight: 0.05 };
        let [sum, weights] = [0, 0];
        for (const each of ties) {
          const weight = each.from.box && each.to.box ? 1 : each.from.box || each.to.box ? 2 : 8;
          const there = each.to === cell ? each.from.y + each.fromY - each.toY : each.to.y + each.toY - each.fromY;
          [sum, weights] = [sum + there * weight, weights + weight];
        }
        return { y: sum / weights, weight: weights };
      });
      spread(layer, wanted, gap);
    }
  }
  const top = Math.min(...layers.flat().map(({ y }) => y));
  for (const cell of layers.flat()) cell.y = Math.round(cell.y - top);
}

/** Least squares with an order to keep: neighbours that come too near become one block at the mean of their wishes. */
function spread(
  layer: readonly Cell[],
  wanted: readonly { readonly y: number; readonly weight: number }[],
  gap: number,
): void {
  const offsets: number[] = [];
  let offset = 0;
  for (const [i, cell] of layer.entries()) {
    offsets.push(offset);
    const next = layer[i + 1];
    offset += cell.height + (cell.box && next?.box ? gap : gap / 2);
  }
  const blocks: { sum: number; weight: number; count: number }[] = [];
  for (const [i, { y, weight }] of wanted.entries()) {
    blocks.push({ sum: (y - offsets[i]!) * weight, weight, count: 1 });
    for (let last = blocks.at(-1)!, above = blocks.at(-2); above; last = blocks.at(-1)!, above = blocks.at(-2)) {
      if (above.sum / above.weight <= last.sum / last.weight) break;
      blocks.pop();
      above.sum += last.sum;
      above.weight += last.weight;
      above.count += last.count;
    }
  }
  let i = 0;
  for (const { sum, weight, count } of blocks) {
    for (let k = 0; k < count; k++, i++) layer[i]!.y = sum / weight + offsets[i]!;
  }
}
