import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut, type Box, type Line } from './layout.ts';

const box = (id: string, height = 60): Box => ({ id, width: 200, height });
const line = (from: string, to: string): Line => ({ from, fromY: 20, to, toY: 20 });

test('what is needed stands before what needs it, and no box touches another', () => {
  const { boxes, lines } = tangle(300);
  for (const direction of ['right', 'down'] as const) {
    const layout = layOut(boxes, lines, { direction });
    for (const { from, to } of lines) {
      const [a, b] = [layout.boxes.get(from)!, layout.boxes.get(to)!];
      assert.ok(direction === 'right' ? a.x + 200 < b.x : a.y < b.y, `${from} → ${to}`);
    }
    assertApart(boxes, layout.boxes);
    for (const { x, y } of layout.boxes.values()) assert.ok(x >= 0 && y >= 0 && x < layout.width && y < layout.height);
  }
});

test('lines begin and end where they are to, and never stand still', () => {
  const { boxes, lines } = tangle(60);
  const layout = layOut(boxes, lines);
  for (const [i, { from, fromY, to, toY }] of lines.entries()) {
    const [first, last] = [layout.lines[i]![0]!, layout.lines[i]!.at(-1)!];
    const [a, b] = [layout.boxes.get(from)!, layout.boxes.get(to)!];
    assert.deepEqual(first, { x: a.x + 200, y: a.y + fromY });
    assert.deepEqual(last, { x: b.x, y: b.y + toY });
    for (const [at, point] of layout.lines[i]!.entries()) {
      if (at > 0) assert.ok(point.x >= layout.lines[i]![at - 1]!.x);
    }
  }
});

test('lines that need not cross do not', () => {
  const boxes = ['a', 'b', 'c', 'x', 'y', 'z'].map((id) => box(id));
  const layout = layOut(boxes, [line('a', 'z'), line('b', 'y'), line('c', 'x')]);
  const heights = (ids: readonly string[]) => ids.map((id) => layout.boxes.get(id)!.y);
  assert.deepEqual(heights(['a', 'b', 'c']), heights(['z', 'y', 'x']));
});

test('lines of one row share a trunk as far as they can', () => {
  const boxes = ['base', 'a', 'b', 'c', 'd'].map((id) => box(id));
  const lines = [
    line('base', 'a'),
    line('a', 'b'),
    line('b', 'c'),
    line('c', 'd'),
    line('base', 'c'),
    line('base', 'd'),
  ];
  const [toC, toD] = layOut(boxes, lines).lines.slice(4);
  assert.deepEqual(toD!.slice(0, toC!.length - 1), toC!.slice(0, -1));
});

test('a hundred that need one make a block, not a tower', () => {
  const boxes = [box('base'), ...Array.from({ length: 100 }, (_, i) => box(`i${i}`))];
  const lines = boxes.slice(1).map(({ id }) => line('base', id));
  const { width, height } = layOut(boxes, lines);
  assert.ok(width / height > 0.8 && width / height < 3.5, `${width}×${height}`);
});

test('the same graph gives the same drawing, and circles are refused', () => {
  const { boxes, lines } = tangle(100);
  assert.deepEqual(layOut(boxes, lines), layOut(boxes, lines));
  assert.throws(() => layOut([box('a'), box('b')], [line('a', 'b'), line('b', 'a')]), /circle/);
  assert.deepEqual([...layOut([], []).boxes], []);
});

test('two thousand boxes are laid out while one waits', () => {
  const { boxes, lines } = tangle(2000);
  const started = process.cpuUsage();
  const layout = layOut(boxes, lines);
  const { user, system } = process.cpuUsage(started);
  assertApart(boxes, layout.boxes);
  // A fifth of a second on an idle machine.
  assert.ok((user + system) / 1e6 < 10, `${(user + system) / 1e6} s`);
});

/** A graph of steps as builds have them, the same each time. */
function tangle(size: number): { readonly boxes: readonly Box[]; readonly lines: readonly Line[] } {
  let seed = 1;
  const random = (below: number) => ((seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) >> 8) % below;
  const boxes = Array.from({ length: size }, (_, i) => box(`b${i}`, 40 + random(6) * 22));
  const lines = boxes.flatMap(({ id }, i) => {
    const needs = new Set(i === 0 ? [] : Array.from({ length: 1 + random(2) }, () => Math.max(0, i - 1 - random(60))));
    return [...needs].map((need) => line(`b${need}`, id));
  });
  return { boxes, lines };
}

function assertApart(
  boxes: readonly Box[],
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
): void {
  const placed = boxes
    .map(({ id, width, height }) => ({ ...places.get(id)!, width, height }))
    .sort((a, b) => a.x - b.x);
  for (const [i, a] of placed.entries()) {
    for (let k = i + 1; k < placed.length && placed[k]!.x < a.x + a.width; k++) {
      const b = placed[k]!;
      assert.ok(a.y + a.height <= b.y || b.y + b.height <= a.y, `${JSON.stringify(a)} ${JSON.stringify(b)}`);
    }
  }
}
