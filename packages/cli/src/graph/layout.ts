// Places boxes in layers from left to right (or downwards), what is needed before what needs it, and leads lines between
// them. Pure, and the same in Node and in a browser.
//
// Sugiyama's method with three changes for build graphs. Boxes are lists, and a line ends at the row it is about. All
// lines that leave a row are one net with a common trunk, so a base that a hundred images share is one line that forks.
// A layer that grows higher than the drawing should be is folded into several, so that a hundred images that need one
// base make a block and not a tower.

import { settle } from './heights.ts';
import { assignLayers, cellOf, fold, layersOf, lead, type Cell, type Tie } from './layers.ts';
import { order } from './order.ts';

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** Where on their sides lines leave and reach boxes: from the top of a box, or from its left in a drawing downwards. */
export interface Line {
  readonly from: string;
  readonly fromY: number;
  readonly to: string;
  readonly toY: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each box. */
  readonly boxes: ReadonlyMap<string, Point>;
  /** For each line, in order: its bends, two at least. Between them it swings and goes straight on by turns. */
  readonly lines: readonly (readonly Point[])[];
}

export type Direction = 'right' | 'down';

export interface LayoutOptions {
  readonly direction?: Direction;
  /** Between boxes of a layer. */
  readonly gap?: number;
  /** Width over height that the drawing should come near to. */
  readonly ratio?: number;
}

export function layOut(boxes: readonly Box[], lines: readonly Line[], options: LayoutOptions = {}): Layout {
  const { gap = 22, ratio = 1.6, direction = 'right' } = options;
  if (direction === 'down') return turned(boxes, lines, { gap, ratio });
  const cells = new Map(boxes.map((box): [string, Cell] => [box.id, cellOf(box)]));
  assignLayers(boxes, lines, cells);
  fold(cells, { gap, ratio });
  const trails = lead(lines, cells);
  const layers = layersOf(cells, trails);
  order(layers);
  settle(layers, gap);
  return placed(layers, trails, lines, cells);
}

/** A drawing downwards is one to the right, seen in a mirror that stands aslant. */
function turned(
  boxes: readonly Box[],
  lines: readonly Line[],
  { gap, ratio }: { readonly gap: number; readonly ratio: number },
): Layout {
  const swap = ({ x, y }: Point): Point => ({ x: y, y: x });
  const mirrored = boxes.map(({ id, width, height }) => ({ id, width: height, height: width }));
  const { width, height, boxes: places, lines: bends } = layOut(mirrored, lines, { gap, ratio: 1 / ratio });
  return {
    width: height,
    height: width,
    boxes: new Map([...places].map(([id, at]) => [id, swap(at)])),
    lines: bends.map((points) => points.map(swap)),
  };
}

/** Columns get their widths, and between them the room that the lines there need. */
function placed(
  layers: readonly (readonly Cell[])[],
  trails: readonly (readonly Tie[])[],
  lines: readonly Line[],
  cells: ReadonlyMap<string, Cell>,
): Layout {
  const columns: { readonly left: number; readonly right: number }[] = [];
  let [x, width] = [0, 0];
  for (const layer of layers) {
    const widest = Math.max(0, ...layer.map(({ box }) => box?.width ?? 0));
    columns.push({ left: x, right: x + widest });
    width = x + widest;
    const nets = new Set(layer.flatMap(({ after }) => after.map(({ from, fromY }) => `${from.y + fromY}`))).size;
    x = width + Math.min(160, 64 + nets * 3);
  }
  const right = (cell: Cell) => columns[cell.layer]!.left + (cell.box?.width ?? widthOf(columns[cell.layer]!));
  const bends = trails.map((ties): readonly Point[] =>
    ties.flatMap(({ from, fromY, to, toY }) => [
      { x: right(from), y: from.y + fromY },
      { x: columns[to.layer]!.left, y: to.y + toY },
    ]),
  );
  const all = layers.flat();
  return {
    width,
    height: Math.max(0, ...all.map(({ y, height }) => y + height)),
    boxes: new Map([...cells].map(([id, cell]) => [id, { x: columns[cell.layer]!.left, y: cell.y }])),
    lines: lines.map((_, i) => bends[i]!),
  };
}

function widthOf({ left, right }: { readonly left: number; readonly right: number }): number {
  return right - left;
}
