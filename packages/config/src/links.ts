// How images depend on each other: names become ids, and no image may need itself.

import { listOf } from './layers.ts';
import { suggestion, type Problem } from './problem.ts';
import { problemAt } from './settle.ts';
import type { NamedContext, ResolvedTarget } from './target.ts';

/** Targets by id, in order. */
export type Targets = ReadonlyMap<string, ResolvedTarget>;

/**
 * The targets with `dependsOn` as ids (an image with a matrix stands for all of its targets) and `target:` contexts
 * checked.
 */
export function linked(targets: Targets, report: (problem: Problem, target: ResolvedTarget) => void): Targets {
  const byImage = Map.groupBy(targets.values(), ({ image }) => image);
  const known = [...new Set([...targets.keys(), ...byImage.keys()])];
  const result = new Map<string, ResolvedTarget>();
  for (const target of targets.values()) {
    const { id, origins } = target;
    const unknown = (path: readonly (string | number)[], wanted: string) => {
      const message = `${JSON.stringify(wanted)} is not an image`;
      const problem = problemAt(path, { origins, id, message, ...suggestion(wanted, known) });
      report({ ...problem, code: 'config/unknown-image' }, target);
    };
    const dependsOn = target.dependsOn.flatMap((wanted, index) => {
      if (targets.has(wanted)) return [wanted];
      const cells = byImage.get(wanted);
      if (!cells) unknown(['dependsOn', index], wanted);
      return cells?.map((cell) => cell.id) ?? [];
    });
    const contexts = Object.fromEntries(
      Object.entries(target.contexts).map(([name, context]): [string, NamedContext] => {
        if (context.kind !== 'target') return [name, context];
        const other = targets.get(context.id);
        if (other) {
          const message = lackOf(target, other);
          if (message) report(problemAt(['contexts', name], { origins, id, message }), target);
          return [name, context];
        }
        const cells = byImage.get(context.id) ?? [];
        if (cells.length === 1) return [name, { kind: 'target', id: cells[0]!.id }];
        if (cells.length === 0) unknown(['contexts', name], context.id);
        else {
          const message = `${context.id} is ${cells.length} images: name one of ${cells.map((cell) => cell.id).join(', ')}`;
          report(problemAt(['contexts', name], { origins, id, message }), target);
        }
        return [name, context];
      }),
    );
    result.set(id, { ...target, dependsOn: [...new Set(dependsOn)], contexts });
  }
  reportCycles(result, report);
  return result;
}

/** The ids that a target names itself; those that its `FROM`s name are found when its Dockerfile is read. */
export function needsOf({ dependsOn, contexts }: ResolvedTarget): readonly string[] {
  const named = Object.values(contexts).flatMap((context) => (context.kind === 'target' ? [context.id] : []));
  return [...new Set([...dependsOn, ...named])];
}

/** Why one image can't be built from another, where both say what they are built for. */
function lackOf({ platforms }: ResolvedTarget, other: ResolvedTarget): string | undefined {
  if (platforms.length < 2 || other.platforms.length < 2) return undefined;
  const missing = platforms.filter((platform) => !other.platforms.includes(platform));
  return missing.length === 0 ? undefined : `${other.id} is not built for ${missing.join(' and ')}`;
}

function reportCycles(targets: Targets, report: (problem: Problem, target: ResolvedTarget) => void): void {
  const done = new Set<string>();
  const chain: string[] = [];
  const visit = (id: string): void => {
    const target = targets.get(id);
    if (!target || done.has(id)) return;
    if (chain.includes(id)) {
      const round = chain.slice(chain.indexOf(id));
      const last = targets.get(round.at(-1)!)!;
      const name = Object.entries(last.contexts).find(
        ([, context]) => context.kind === 'target' && context.id === id,
      )?.[0];
      const path = name === undefined ? ['dependsOn'] : ['contexts', name];
      const message = `images need each other: ${[...round, id].join(' → ')}`;
      report({ ...problemAt(path, { origins: last.origins, id: last.id, message }), code: 'config/cycle' }, last);
      return;
    }
    chain.push(id);
    for (const need of needsOf(target)) visit(need);
    chain.pop();
    done.add(id);
  };
  for (const id of targets.keys()) visit(id);
}

/**
 * Groups with their members as ids, after those of bake and compose files. A member is an id, an image with a matrix, a
 * glob or another group.
 */
export function groupMembers(
  groups: Readonly<Record<string, readonly string[]>>,
  targets: Targets,
  report: (problem: Problem) => void,
  sourced: ReadonlyMap<string, { readonly targets: readonly string[] }> = new Map(),
): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, readonly string[]>();
  for (const [name, group] of sourced) if (!Object.hasOwn(groups, name)) result.set(name, group.targets);
  const images = new Set([...targets.values()].map(({ image }) => image));
  const membersOf = (group: string, chain: readonly string[]): readonly string[] => {
    const done = result.get(group);
    if (done) return done;
    const members = listOf(groups[group]).flatMap((member, index) => {
      const path = ['groups', group, index];
      if (Object.hasOwn(groups, member)) {
        if (![...chain, group].includes(member)) return membersOf(member, [...chain, group]);
        report({
          code: 'config/cycle',
          path,
          message: `groups hold each other: ${[...chain, group, member].join(' → ')}`,
        });
        return [];
      }
      const ids = result.get(member) ?? matching(member, targets);
      if (ids.length === 0) {
        const known = [...targets.keys(), ...images, ...Object.keys(groups)];
        report({
          code: 'config/unknown-image',
          path,
          message: `the group ${group} names ${JSON.stringify(member)}, which is neither an image nor a group`,
          ...suggestion(member, known),
        });
      }
      return ids;
    });
    const unique = [...new Set(members)];
    result.set(group, unique);
    return unique;
  };
  for (const group of Object.keys(groups)) {
    if (targets.has(group) || images.has(group)) {
      report({
        code: 'config/name',
        path: ['groups', group],
        message: `${group} is the name of an image, and can't be a group's too`,
      });
    }
    membersOf(group, []);
  }
  return result;
}

/** The ids that an id, an image's name or a glob stands for; none if there is no such thing. */
export function matching(wanted: string, targets: Targets): readonly string[] {
  if (targets.has(wanted)) return [wanted];
  if (wanted === 'all') return [...targets.values()].flatMap(({ id, sourced }) => (sourced?.isTemplate ? [] : [id]));
  const expression = /[*?]/.test(wanted) ? globOf(wanted) : undefined;
  return [...targets.values()]
    .filter(({ id, image }) => (expression ? expression.test(id) : image === wanted))
    .map(({ id }) => id);
}

/** A glob over ids: `*` is any letters, `?` any one. */
export function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'u');
}
