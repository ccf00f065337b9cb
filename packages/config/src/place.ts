// Where in a file a key was written. An evaluated configuration has no positions, so its text is scanned for them, but
// only once there is something to complain about.

import type { Range } from '@monokit/engine/std/diagnostic';
import { scanObjects } from './scan-objects.ts';
import { scanYaml } from './scan-yaml.ts';

/** The way to a value in the configuration: `['images', 'api', 'tags', 0]`. */
export type KeyPath = readonly (string | number)[];

/** A configuration's text. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly syntax: 'objects' | 'yaml';
  /** Where in the file the configuration lies: `['buildkit']` in a package.json. */
  readonly prefix: KeyPath;
}

/** Something with keys or items, as a scan found it. Offsets are into the text. */
export type Shape =
  | { readonly kind: 'object'; readonly entries: Entry[] }
  | { readonly kind: 'array'; readonly entries: Entry[] };

export interface Entry {
  readonly key: string | number;
  readonly start: number;
  readonly end: number;
  child?: Shape;
}

/**
 * The place of the key at `path`, or of the nearest key above it that can be found. A key that was written elsewhere in
 * the file (a constant, a helper's argument) is found if it is the only one of its name.
 */
export function placeOf(source: Source, path: KeyPath): Range | undefined {
  const shapes = source.syntax === 'yaml' ? scanYaml(source.text) : scanObjects(source.text);
  const whole = [...source.prefix, ...path];
  let best: { readonly entry: Entry; readonly length: number } | undefined;
  for (const shape of shapes) {
    const found = follow(shape, whole);
    if (found && found.length > (best?.length ?? 0)) best = found;
  }
  if (best?.length !== whole.length) {
    const last = whole.findLast((part) => typeof part === 'string');
    const named = shapes.flatMap((shape) => shape.entries.filter((entry) => entry.key === last));
    if (named.length === 1) return rangeIn(source.text, named[0]!);
  }
  return best && rangeIn(source.text, best.entry);
}

/** The place of offsets in a text. */
function rangeIn(text: string, { start, end }: { readonly start: number; readonly end: number }): Range {
  return { start: positionIn(text, start), end: positionIn(text, end) };
}

function positionIn(text: string, offset: number): Range['start'] {
  const before = text.slice(0, offset);
  const newline = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - newline };
}

function follow(shape: Shape, path: KeyPath): { readonly entry: Entry; readonly length: number } | undefined {
  let current: Shape | undefined = shape;
  let found: { readonly entry: Entry; readonly length: number } | undefined;
  for (const [index, key] of path.entries()) {
    // The last of equal keys is the one that counts, in JavaScript, JSON and YAML alike.
    const entry: Entry | undefined = current?.entries.findLast((candidate) => candidate.key === key);
    if (!entry) break;
    found = { entry, length: index + 1 };
    current = entry.child;
  }
  return found;
}
