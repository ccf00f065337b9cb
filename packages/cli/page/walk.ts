// The graph with the keyboard.

import type { Key } from './viewer.ts';

interface Walked {
  readonly chosen: Key | undefined;
  /** All that can be walked to, in the order of the drawing. */
  readonly keys: readonly Key[];
  readonly needs: ReadonlyMap<Key, readonly Key[]>;
  readonly users: ReadonlyMap<Key, readonly Key[]>;
  readonly elements: ReadonlyMap<Key, Element>;
}

/** Left: what it needs; right: what needs it; up and down: the neighbour there. Undefined at an end. */
export function nextTo(arrow: string, { chosen: key, keys, needs, users, elements }: Walked): Key | undefined {
  const chosen = key === undefined ? undefined : elements.get(key);
  if (key === undefined || !chosen) return keys[0];
  if (arrow === 'ArrowLeft' || arrow === 'ArrowRight') {
    const next = (arrow === 'ArrowLeft' ? needs : users).get(key) ?? [];
    const others = next.filter((each) => elements.get(each)?.parentElement !== chosen.parentElement);
    return others[0] ?? next[0];
  }
  const here = centreOf(chosen);
  const sign = arrow === 'ArrowDown' ? 1 : -1;
  let best: { readonly key: Key; readonly distance: number } | undefined;
  for (const each of keys) {
    const there = centreOf(elements.get(each)!);
    const down = (there.y - here.y) * sign;
    if (down <= 0.5) continue;
    const distance = down + Math.abs(there.x - here.x) * 4;
    if (!best || distance < best.distance) best = { key: each, distance };
  }
  return best?.key;
}

function centreOf(each: Element): { readonly x: number; readonly y: number } {
  const { x, y, width, height } = each.getBoundingClientRect();
  return { x: x + width / 2, y: y + height / 2 };
}
