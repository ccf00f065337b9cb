// Which entries a path with wildcards or include and exclude patterns selects, and in which order they are hashed
// (SOL-010). Whatever cannot be selected is not read.

import { textOf, type BytePath } from '../../std/byte-path.ts';
import { matchGlob } from '../../std/glob.ts';
import { PathFilter, PatternMatcher, type FilterState, type MatchState } from '../../std/patterns.ts';
import type { TreeNode } from '../tree.ts';

export interface SelectionOptions {
  /** Absolute and clean; '' is the root. */
  readonly path: BytePath;
  /** A root that was asked for by its slash leaves itself out. */
  readonly withoutItself: boolean;
  readonly wildcard: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Selected {
  readonly path: BytePath;
  readonly node: TreeNode;
  /** No folder of the selection holds it, so where it is a symlink it may be followed. */
  readonly top: boolean;
}

/** Walks down from `start`, which the question calls `named`, and gives what is selected, parents first. */
export function select(start: TreeNode, named: BytePath, options: SelectionOptions): readonly Selected[] {
  const selection = new Selection(options);
  selection.visit(start, named, {
    pattern: options.wildcard ? undefined : options.path,
    folder: undefined,
    hint: undefined,
  });
  return selection.selected;
}

/** A folder on the way: it counts as soon as something in it does. */
interface Folder {
  readonly entry: Selected;
  readonly parent: Folder | undefined;
  readonly include: MatchState | undefined;
  readonly exclude: MatchState | undefined;
  counted: boolean;
}

interface Place {
  /** Path that the include and exclude patterns are relative to, once it is settled. */
  readonly pattern: BytePath | undefined;
  readonly folder: Folder | undefined;
  readonly hint: FilterState | undefined;
}

class Selection {
  readonly selected: Selected[] = [];
  readonly #options: SelectionOptions;
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;
  /** Tells which folders need not be read. */
  readonly #filter: PathFilter;
  readonly #pattern: string;
  readonly #components: readonly string[];

  constructor(options: SelectionOptions) {
    const { include, exclude } = options;
    this.#options = options;
    this.#include = include.length > 0 ? new PatternMatcher(include) : undefined;
    this.#exclude = exclude.length > 0 ? new PatternMatcher(exclude) : undefined;
    this.#filter = new PathFilter({ include, exclude });
    this.#pattern = textOf(options.path);
    this.#components = this.#pattern.split('/');
  }

  visit(node: TreeNode, path: BytePath, place: Place): void {
    const base = place.pattern ?? this.#matched(path);
    if (base === undefined) {
      if (this.#leadsOn(path)) this.#children(node, path, place);
      return;
    }
    const candidate = path === base ? '' : textOf(path.slice(base.length + 1));
    const directory = node.kind === 'directory';
    const hint = directory && candidate !== '' ? this.#filter.visit(candidate, { directory }, place.hint) : undefined;
    const entry: Selected = { path, node, top: place.folder === undefined };
    const itself = !(directory && this.#options.withoutItself && path === this.#options.path);
    let folder = place.folder;
    if (itself) {
      const include = this.#include?.match(candidate, place.folder?.include);
      const included = include?.matched ?? true;
      // An entry that is not included is never asked for its exclusion, and its children then ask afresh.
      const exclude = included ? this.#exclude?.match(candidate, place.folder?.exclude) : undefined;
      const counts = included && !exclude?.matched;
      if (counts) this.#count(entry, place.folder);
      if (directory) folder = { entry, parent: place.folder, include, exclude, counted: counts };
    }
    if (hint?.descend !== false) this.#children(node, path, { pattern: base, folder, hint });
  }

  #children(node: TreeNode, path: BytePath, place: Place): void {
    for (const child of node.children()) this.visit(child, `${path}/${child.name}`, place);
  }

  #count(entry: Selected, folder: Folder | undefined): void {
    const waiting: Selected[] = [];
    for (let above = folder; above && !above.counted; above = above.parent) {
      above.counted = true;
      waiting.push(above.entry);
    }
    this.selected.push(...waiting.reverse(), entry);
  }

  /** The path itself where the wildcards match it; everything below is then relative to it. */
  #matched(path: BytePath): BytePath | undefined {
    return this.#pattern === '' || matchGlob(this.#pattern, textOf(path)) ? path : undefined;
  }

  /** Whether something below `path` may match the wildcards, name by name. */
  #leadsOn(path: BytePath): boolean {
    const names = textOf(path).split('/');
    if (names.length >= this.#components.length) return false;
    return names.every((name, i) => name === this.#components[i] || matchGlob(this.#components[i]!, name));
  }
}
