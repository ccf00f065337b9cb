// The grammar of `--filter`, which is Turborepo's (and pnpm's): which images a text means. What has changed and what is
// built from what is asked of the caller, for a configuration doesn't know.

import { existsSync } from 'node:fs';
import { join, normalize, relative } from 'node:path';
import { Failed } from '@monokit/engine/std/failed';
import { globStarExpression } from '@monokit/engine/std/glob';
import type { ConfigFailure } from './failure.ts';
import { globOf, type Targets } from './links.ts';
import { suggestion } from './problem.ts';
import type { ResolvedTarget } from './target.ts';

/** One `--filter`, read. */
export interface Filter {
  readonly text: string;
  /** `!`: takes away what it means. */
  readonly exclude: boolean;
  /** A glob over ids, or `tag:…` over the selectors of images. */
  readonly name?: string;
  /** `./folder`, `{./folder}`: exactly where its context or Dockerfile is. A glob, relative to where it was typed. */
  readonly folder?: string;
  /** `[base]`, `[base...head]`: only those that a change affects, since base, or on the way to head since it forked. */
  readonly range?: ChangeRange;
  /** `x...`: also what it is built from. */
  readonly dependencies: boolean;
  /** `...x`: also what is built from it. */
  readonly dependents: boolean;
  /** `^`: without the images that were named. */
  readonly excludeSelf: boolean;
}

/** From a commit to another or to the working tree, as two states; a `[base...head]` of a filter begins at their fork. */
export interface ChangeRange {
  readonly base: string;
  /** The working tree where it is left out. */
  readonly head?: string;
}

/** What a filter asks about a workspace. */
export interface FilterSurroundings {
  readonly targets: Targets;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Absolute; what folders are relative to. */
  readonly cwd: string;
  /** Ids of the images that the changes in a range affect. */
  affected(range: ChangeRange): Promise<ReadonlySet<string>>;
  /** Which images are built from which: pairs of ids. */
  needs(): Promise<readonly (readonly [from: string, to: string])[]>;
}

/** Reads one filter; throws `Failed` with `filter` where it is none. */
export function parseFilter(text: string): Filter {
  const refuse = (why: string) => refused(text, why);
  const exclude = text.startsWith('!');
  let rest = exclude ? text.slice(1) : text;
  const [dependents, selfless] = rest.startsWith('...^') ? [true, true] : [rest.startsWith('...'), false];
  rest = rest.slice(selfless ? 4 : dependents ? 3 : 0);
  const dependencies = rest.endsWith('...');
  if (dependencies) rest = rest.slice(0, -3);
  const without = dependencies && rest.endsWith('^');
  if (without) rest = rest.slice(0, -1);
  // `[a]...[b]` is the range from a to b. Before a range, three dots say that what it is built from counts, which it
  // always does here.
  const range = /^(.*?)(?:\.\.\.)?\[([^\]]*)\](?:\.\.\.\[([^\]]*)\])?$/.exec(rest);
  let changed: ChangeRange | undefined;
  if (range) {
    const [base = '', head] = range[3] === undefined ? range[2]!.split('...') : [range[2], range[3]];
    if (base === '' || head === '') throw refuse('a range is [ref] or [ref...ref]');
    changed = { base, ...(head !== undefined && { head }) };
    rest = range[1]!;
  }
  const bare = /^\.{1,2}(\/|$)/.test(rest);
  const braces = bare ? undefined : /\{([^}]*)\}$/.exec(rest);
  const folder = braces ? braces[1]! : bare ? rest : undefined;
  const name = braces ? rest.slice(0, braces.index) : bare ? '' : rest;
  if (folder === '') throw refuse('there is no folder in the braces');
  if (bare && (selfless || without))
    throw refuse(`^ goes with a folder in braces, as in ${text.replace(rest, `{${rest}}`)}`);
  if (/[[\]{}^]|\.\.\./.test(name))
    throw refuse('it is NAME, ./FOLDER, {FOLDER}, [REF] or tag:X, with ... on either side');
  if (name === '' && folder === undefined && !changed) throw refuse('it names nothing');
  return {
    text,
    exclude,
    ...(name !== '' && { name }),
    ...(folder !== undefined && { folder }),
    ...(changed && { range: changed }),
    dependencies,
    dependents,
    excludeSelf: selfless || without,
  };
}

function refused(text: string, why: string): Failed<ConfigFailure> {
  return new Failed<ConfigFailure>({ kind: 'filter', message: `--filter ${JSON.stringify(text)}: ${why}` });
}

/** Ids that filters leave: all that one of them means (or all, where each takes away), without what `!` takes away. */
export async function filtered(
  filters: readonly Filter[],
  surroundings: FilterSurroundings,
): Promise<ReadonlySet<string>> {
  const kept = new Set<string>();
  const gone = new Set<string>();
  for (const filter of filters) {
    for (const id of await meantBy(filter, surroundings)) (filter.exclude ? gone : kept).add(id);
  }
  const from = filters.every(({ exclude }) => exclude) ? surroundings.targets.keys() : kept;
  return new Set([...from].filter((id) => !gone.has(id)));
}

async function meantBy(filter: Filter, surroundings: FilterSurroundings): Promise<ReadonlySet<string>> {
  const { targets } = surroundings;
  const named = namedBy(filter, surroundings);
  const changed = filter.range && (await surroundings.affected(filter.range));
  const seeds = [...targets.values()].filter((target) => named(target) && (changed?.has(target.id) ?? true));
  const ids = seeds.map(({ id }) => id);
  if (!filter.dependencies && !filter.dependents) return new Set(ids);
  const needs = await surroundings.needs();
  const [down, up] = [stepsOf(needs), stepsOf(needs.map(([from, to]) => [to, from]))];
  const reached = new Set<string>();
  // Each by itself: `^` leaves out what was named, but not where something else leads to it that is meant, too.
  for (const id of ids) {
    const above = filter.dependents ? reachedFrom([id], up) : [];
    const below = filter.dependencies ? reachedFrom([id, ...above], down) : [];
    for (const other of [...above, ...below]) reached.add(other);
    if (!filter.excludeSelf) reached.add(id);
  }
  return new Set([...targets.keys()].filter((id) => reached.has(id)));
}

function namedBy(
  { text, name, folder, range }: Filter,
  { targets, groups, cwd }: FilterSurroundings,
): (target: ResolvedTarget) => boolean {
  const tag = name?.startsWith('tag:') ? globOf(name.slice('tag:'.length)) : undefined;
  const ids = name === undefined || tag ? undefined : globOf(name);
  const members = groups.get(name ?? '');
  const hasName = ({ id, image }: ResolvedTarget) =>
    !ids || ids.test(id) || ids.test(image) || (members?.includes(id) ?? false);
  if (ids && !members && !/[*?]/.test(name!) && ![...targets.values()].some(hasName)) {
    const { hint } = suggestion(name!, [...targets.keys(), ...groups.keys()]);
    throw refused(text, `there is no image or group ${JSON.stringify(name)}${hint ? `; ${hint}` : ''}`);
  }
  const fits = folder === undefined ? undefined : folderTest({ folder, text, mayLack: range !== undefined }, cwd);
  return (target) => {
    const { selectors, context, recipe } = target;
    if (tag && !selectors.some((selector) => tag.test(selector))) return false;
    if (!hasName(target)) return false;
    if (!fits) return true;
    return (context.kind === 'folder' && fits(context.path)) || (recipe.kind === 'dockerfile' && fits(recipe.folder));
  };
}

/** Whether a folder is one that a glob means. */
function folderTest(
  { folder, text, mayLack }: { readonly folder: string; readonly text: string; readonly mayLack: boolean },
  cwd: string,
): (path: string) => boolean {
  const wanted = normalize(folder).replace(/(.)\/$/, '$1');
  if (wanted.startsWith('/')) throw refused(text, 'folders are relative, as in ./services/*');
  const fixed = wanted.split(/[*?[{]/)[0]!;
  const known = fixed === wanted ? fixed : fixed.slice(0, fixed.lastIndexOf('/') + 1);
  // Of changes it may be that the folder is gone.
  if (!mayLack && !existsSync(join(cwd, known))) throw refused(text, `there is no folder ${join(cwd, known)}`);
  // All below a folder is the folder, too.
  const globs = alternatives(wanted).flatMap((glob) => [glob, glob.replace(/\/\*\*$/, '')].map(globStarExpression));
  return (path) => {
    const place = relative(cwd, path) || '.';
    return globs.some((glob) => glob.test(place));
  };
}

/** A glob with `{a,b}` as globs without. */
function alternatives(glob: string): readonly string[] {
  const [all, before, choices] = /^(.*)\{([^{}]*)\}/.exec(glob) ?? [];
  if (all === undefined) return [glob];
  return choices!.split(',').flatMap((choice) => alternatives(`${before}${choice}${glob.slice(all.length)}`));
}

type Steps = ReadonlyMap<string, readonly (readonly [from: string, to: string])[]>;

function stepsOf(edges: readonly (readonly [string, string])[]): Steps {
  return Map.groupBy(edges, ([from]) => from);
}

/** All that edges lead to from `starts`; one of these only where an edge leads to it. */
function reachedFrom(starts: readonly string[], next: Steps): readonly string[] {
  const into = new Set<string>();
  const done = new Set<string>();
  const pending = [...starts];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (done.has(id)) continue;
    done.add(id);
    for (const [, to] of next.get(id) ?? []) {
      into.add(to);
      pending.push(to);
    }
  }
  return [...into];
}
