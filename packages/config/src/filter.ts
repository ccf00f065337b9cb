// The grammar of `--filter`, which is Turborepo's (and pnpm's): which images a text means. What has changed and what is
// built from what is asked of the caller, for a configuration doesn't know.
import { relative } from 'node:path';
import { globStarExpression } from '@monokit/engine/std/glob';
import { Failed } from '@monokit/engine/std/failed';
import type { ConfigFailure } from './failure.ts';
import { globOf, type Targets } from './links.ts';
import type { ResolvedTarget } from './target.ts';

/** One `--filter`, read. */
export interface Filter {
  readonly text: string;
  /** `!`: takes away what it means. */
  readonly exclude: boolean;
  /** A glob over ids, or `tag:…` over the selectors of images. */
  readonly name?: string;
  /** `./folder`, `{./folder}`: where its context or Dockerfile is. A glob, relative to where it was typed. */
  readonly folder?: string;
  /** `[base]`, `[base...head]`: only those that a change in between affects. */
  readonly range?: ChangeRange;
  /** `x...`: also what it is built from. */
  readonly dependencies: boolean;
  /** `...x`: also what is built from it. */
  readonly dependents: boolean;
  /** `^`: without the images that were named. */
  readonly excludeSelf: boolean;
}

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
  const refuse = (why: string) => {
    const message = `--filter ${JSON.stringify(text)}: ${why}`;
    return new Failed<ConfigFailure>({ kind: 'filter', message });
  };
  const exclude = text.startsWith('!');
  let rest = exclude ? text.slice(1) : text;
  const [dependents, selfless] = rest.startsWith('...^') ? [true, true] : [rest.startsWith('...'), false];
  rest = rest.slice(selfless ? 4 : dependents ? 3 : 0);
  // `[a]...[b]` is the range from a to b.
  const range = /\[([^\]]*)\](?:\.\.\.\[([^\]]*)\])?/.exec(rest);
  let changed: ChangeRange | undefined;
  if (range) {
    const [base = '', head] = range[2] === undefined ? range[1]!.split('...') : [range[1], range[2]];
    if (base === '' || head === '') throw refuse('a range is [ref] or [ref...ref]');
    changed = { base, ...(head !== undefined && { head }) };
    // Before a range, three dots say that what it is built from counts, which it always does here.
    rest = rest.slice(0, range.index).replace(/\.\.\.$/, '') + rest.slice(range.index + range[0].length);
  }
  const dependencies = rest.endsWith('...');
  if (dependencies) rest = rest.slice(0, -3);
  const without = dependencies && rest.endsWith('^');
  if (without) rest = rest.slice(0, -1);
  const braces = /\{([^}]*)\}$/.exec(rest);
  const bare = !braces && /^\.{1,2}(\/|$)/.test(rest);
  const folder = braces ? braces[1]! : bare ? rest : undefined;
  const name = braces ? rest.slice(0, braces.index) : bare ? '' : rest;
  if (folder === '') throw refuse('there is no folder in the braces');
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
  const reached = new Set(filter.excludeSelf ? [] : ids);
  if (filter.dependencies) reach(ids, needs, reached);
  if (filter.dependents) {
    const back = needs.map(([from, to]) => [to, from] as const);
    reach(ids, back, reached);
  }
  return new Set([...targets.keys()].filter((id) => reached.has(id)));
}

function namedBy(
  { text, name, folder }: Filter,
  { groups, cwd }: FilterSurroundings,
): (target: ResolvedTarget) => boolean {
  const tag = name?.startsWith('tag:') ? globOf(name.slice('tag:'.length)) : undefined;
  const ids = name === undefined || tag ? undefined : globOf(name);
  const members = new Set(groups.get(name ?? ''));
  const fits = folder === undefined ? undefined : folderTest(folder, cwd, text);
  return ({ id, image, selectors, context, recipe }) => {
    if (tag && !selectors.some((selector) => tag.test(selector))) return false;
    if (ids && !ids.test(id) && !ids.test(image) && !members.has(id)) return false;
    if (!fits) return true;
    return (context.kind === 'folder' && fits(context.path)) || (recipe.kind === 'dockerfile' && fits(recipe.folder));
  };
}

/** Whether a folder is what a glob (or the folder that a path) means, or lies in it. */
function folderTest(pattern: string, cwd: string, text: string): (path: string) => boolean {
  const wanted = pattern.replace(/^\.\//, '').replace(/\/$/, '');
  if (wanted.startsWith('/')) {
    const message = `--filter ${JSON.stringify(text)}: folders are relative, as in ./services/*`;
    throw new Failed<ConfigFailure>({ kind: 'filter', message });
  }
  if (wanted === '' || wanted === '.') return (path) => !relative(cwd, path).startsWith('..');
  const expression = globStarExpression(wanted);
  return (path) => {
    const names = relative(cwd, path).split('/');
    return names.some((_, i) => expression.test(names.slice(0, i + 1).join('/')));
  };
}

/** Adds all that edges lead to from `starts`, which are added only where one leads back to them. */
function reach(starts: readonly string[], edges: readonly (readonly [string, string])[], into: Set<string>): void {
  const next = Map.groupBy(edges, ([from]) => from);
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
}
