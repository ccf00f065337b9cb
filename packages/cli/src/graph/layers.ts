// Which layer of a drawing each box is in, and through which layers lines lead. Pure, and the same in Node and in a browser.

import type { Box, Line } from './layout.ts';

/** A box, or a place where a net passes through a layer. */
export interface Cell {
  readonly box?: Box;
  readonly height: number;
  layer: number;
  y: number;
  readonly before: Tie[];
  readonly after: Tie[];
}

/** A piece of a net between neighbouring layers. */
export interface Tie {
  readonly from: Cell;
  readonly fromY: number;
  readonly to: Cell;
  readonly toY: number;
}

/** Height of a place where a net passes. */
const passage = 10;

export function cellOf(box: Box): Cell {
  return { box, height: box.height, layer: 0, y: 0, before: [], after: [] };
}

/** Each box right after the last that it needs; one that needs nothing right before the first that needs it. */
export function assignLayers(boxes: readonly Box[], lines: readonly Line[], cells: ReadonlyMap<string, Cell>): void {
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
export function fold(
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
export function lead(lines: readonly Line[], cells: ReadonlyMap<string, Cell>): Tie[][] {
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

export function layersOf(cells: ReadonlyMap<string, Cell>, trails: readonly (readonly Tie[])[]): Cell[][] {
  const passages = new Set(trails.flatMap((ties) => ties.map(({ to }) => to).filter(({ box }) => !box)));
  return byLayer([...cells.values(), ...passages]);
}
