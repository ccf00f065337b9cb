// What changed: of a layer against what is below it, and between any two trees. Both give the changes in one order,
// folders before what is in them and names by their bytes, with the rules of BuildKit's two differs.

import type { BigIntStats } from 'node:fs';
import type { BytePath } from '../std/byte-path.ts';
import { isOpaque, isWhiteout } from './marks.ts';
import { same } from './same.ts';
import { type Entry, type Folder, list, lookup, lstat, names } from './tree.ts';

export type Change =
  | (Place & { readonly kind: 'add' | 'modify' })
  /** Nothing changed, but the file has more than one name: an added name may be a link to this one. */
  | (Place & { readonly kind: 'unmodified' })
  /** Gone, with all that was below it. */
  | { readonly kind: 'delete'; readonly path: BytePath; readonly parent: Parent | undefined };

interface Place {
  /** From the tree's root, without a slash in front. */
  readonly path: BytePath;
  readonly stats: BigIntStats;
  /** Where the bytes are. */
  readonly source: BytePath;
  readonly parent: Parent | undefined;
}

/** A folder above a change; undefined is the root. It is no change itself unless it was given as one before. */
export type Parent = Place;

/**
 * What the layer in the folder `upper` changes of the tree `base`. Marks that say nothing are left out: whiteouts of what
 * is not there, folders marked opaque over nothing, copies that equal what they cover.
 */
export function* layerChanges(upper: BytePath, base: Folder): Generator<Change> {
  yield* layer({ upper, base, parent: undefined });
}

/** What makes the tree `upper` out of the tree `lower`. */
export function* treeChanges(lower: Folder, upper: Folder): Generator<Change> {
  yield* trees({ lower, upper, parent: undefined });
}

interface LayerWalk {
  readonly upper: BytePath;
  readonly base: Folder | undefined;
  readonly parent: Parent | undefined;
}

function* layer({ upper, base, parent }: LayerWalk): Generator<Change> {
  for (const name of names(upper)) {
    const source = `${upper}/${name}`;
    const path = parent === undefined ? name : `${parent.path}/${name}`;
    const stats = lstat(source);
    if (stats === undefined) throw new Error(`${source} went away while its layer was read`);
    const found = base === undefined ? undefined : lookup(base, name);
    if (isWhiteout(source, stats)) {
      if (found !== undefined) yield { kind: 'delete', path, parent };
      continue;
    }
    const place = { path, stats, source, parent };
    if (found === undefined) yield { kind: 'add', ...place };
    else if (!same(found, { stats, path: source })) yield { kind: 'modify', ...place };
    if (!stats.isDirectory()) continue;
    // An opaque folder's changes are those between two whole trees: what it does not have is gone.
    if (found?.folder !== undefined && isOpaque(source))
      yield* trees({ lower: found.folder, upper: [source], parent: place });
    else yield* layer({ upper: source, base: found?.folder, parent: place });
  }
}

interface TreeWalk {
  readonly lower: Folder | undefined;
  readonly upper: Folder;
  readonly parent: Parent | undefined;
}

function* trees({ lower, upper, parent }: TreeWalk): Generator<Change> {
  for (const [before, after] of merged(lower === undefined ? [] : list(lower), list(upper))) {
    const name = (after ?? before!).name;
    const path = parent === undefined ? name : `${parent.path}/${name}`;
    if (after === undefined) {
      yield { kind: 'delete', path, parent };
      continue;
    }
    const place = { path, stats: after.stats, source: after.path, parent };
    if (before === undefined) yield { kind: 'add', ...place };
    else if (!same(before, after)) yield { kind: 'modify', ...place };
    else if (after.stats.nlink > 1n && after.folder === undefined) yield { kind: 'unmodified', ...place };
    if (after.folder === undefined || equal(before?.folder, after.folder)) continue;
    yield* trees({ lower: before?.folder, upper: after.folder, parent: place });
  }
}

/** The same layers' folders: nothing below can differ. */
function equal(a: Folder | undefined, b: Folder): boolean {
  return a !== undefined && a.length === b.length && a.every((path, i) => path === b[i]);
}

/** Two sorted lists side by side. */
function* merged(a: readonly Entry[], b: readonly Entry[]): Generator<[Entry | undefined, Entry | undefined]> {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (y === undefined || (x !== undefined && x.name < y.name)) yield [x, undefined];
    else if (x === undefined || y.name < x.name) yield [undefined, y];
    else yield [x, y];
    if (x !== undefined && (y === undefined || x.name <= y.name)) i++;
    if (y !== undefined && (x === undefined || y.name <= x.name)) j++;
  }
}
