// Places boxes in layers from left to right (or downwards), what is needed before what needs it, and leads lines between
// them. Pure, and the same in Node and in a browser.
//
// Sugiyama's method with three changes for build graphs. Boxes are lists, and a line ends at the row it is about. All
// lines that leave a row are one net with a common trunk, so a base that a hundred images share is one line that forks.
// A layer that grows higher than the drawing should be is folded into several, so that a hundred images that need one
// base make a block and not a tower.

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

/** A box, or a place where a net passes through a layer. */
interface Cell {
  readonly box?: Box;
  readonly height: number;
  layer: number;
  y: number;
  readonly before: Tie[];
  readonly after: Tie[];
}

/** A piece of a net between neighbouring layers. */
interface Tie {
  readonly from: Cell;
  readonly fromY: number;
  readonly to: Cell;
  readonly toY: number;
}

const passage = 10;
const sweeps = 12;

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

function cellOf(box: Box): Cell {
  return { box, height: box.height, layer: 0, y: 0, before: [], after: [] };
}

/** Each box right after the last that it needs; one that needs nothing right before the first that needs it. */
function assignLayers(boxes: readonly Box[], lines: readonly Line[], cells: ReadonlyMap<string, Cell>): void {
  const after = Map.groupBy(lines, ({ from }) => from);
  const before = Map.groupBy(lines, ({ to }) => to);
  const open = new Map(boxes.map(({ id }) => [id, before.get(id)?.length ?? 0]));
  const ready = boxes.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
  for (const id of ready) {
    for (const { to } of after.get(id) ?? []) {
      const [cell, need] = [cells.get(to)!, cells.get(id)!];
      cell.layer = Math.max(cell.layer, need.layer + 1);
      open.set(to, open.get(to)! - 1);
      if (open.get(to) === 0) ready.push(to);
    }
  }
  if (ready.length < boxes.length) throw new Error('boxes that need each other in a circle have no order');
  for (const id of ready.toReversed()) {
    const users = (after.get(id) ?? []).map(({ to }) => cells.get(to)!.layer);
    if (users.length > 0 && !before.has(id)) cells.get(id)!.layer = Math.min(...users) - 1;
  }
}

/** Makes several layers of one that is too high, those first that others need. */
function fold(
  cells: ReadonlyMap<string, Cell>,
  { gap, ratio }: { readonly gap: number; readonly ratio: number },
): void {
  const all = [...cells.values()];
  const between = 96;
  const area = all.reduce((sum, { box }) => sum + (box!.width + between) * (box!.height + gap), 0);
  const limit = Math.max(480, Math.sqrt(area / ratio) * 1.1);
  let shift = 0;
  for (const members of byLayer(all)) {
    let filled = 0;
    for (const cell of members) {
      const height = cell.height + gap;
      if (filled > 0 && filled + height > limit) [shift, filled] = [shift + 1, 0];
      filled += height;
      cell.layer += shift;
    }
  }
}

function byLayer(cells: readonly Cell[]): Cell[][] {
  const layers: Cell[][] = Array.from({ length: Math.max(0, ...cells.map(({ layer }) => layer + 1)) }, () => []);
  for (const cell of cells) layers[cell.layer]!.push(cell);
  return layers;
}

/** For each line the ties that it goes through. Lines from one row go through the same passages as far as they can. */
function lead(lines: readonly Line[], cells: ReadonlyMap<string, Cell>): Tie[][] {
  const trunks = new Map<string, { readonly ties: Tie[] }>();
  return lines.map(({ from, fromY, to, toY }) => {
    const [start, end] = [cells.get(from)!, cells.get(to)!];
    const net = `${from} ${fromY}`;
    const trunk = trunks.get(net) ?? { ties: [] };
    trunks.set(net, trunk);
    while (start.layer + trunk.ties.length < end.layer - 1) {
      const last = trunk.ties.at(-1);
      const cell: Cell = { height: passage, layer: start.layer + trunk.ties.length + 1, y: 0, before: [], after: [] };
      trunk.ties.push(
        tie(last ? { from: last.to, fromY: passage / 2 } : { from: start, fromY }, { to: cell, toY: passage / 2 }),
      );
    }
    const ties = trunk.ties.slice(0, end.layer - start.layer - 1);
    const last = ties.at(-1);
    return [...ties, tie(last ? { from: last.to, fromY: passage / 2 } : { from: start, fromY }, { to: end, toY })];
  });
}

function tie(from: Pick<Tie, 'from' | 'fromY'>, to: Pick<Tie, 'to' | 'toY'>): Tie {
  const made = { ...from, ...to };
  made.from.after.push(made);
  made.to.before.push(made);
  return made;
}

function layersOf(cells: ReadonlyMap<string, Cell>, trails: readonly (readonly Tie[])[]): Cell[][] {
  const passages = new Set(trails.flatMap((ties) => ties.map(({ to }) => to).filter(({ box }) => !box)));
  return byLayer([...cells.values(), ...passages]);
}

/** Sorts the cells of layers so that ties cross little: by the middle of what they are tied to, back and forth. */
function order(layers: Cell[][]): void {
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
export function crossings(layers: readonly (readonly Cell[])[]): number {
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

/** Heights: each cell as near to what it is tied to as its neighbours leave it. Passages pull hardest, to stay level. */
function settle(layers: readonly (readonly Cell[])[], gap: number): void {
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
