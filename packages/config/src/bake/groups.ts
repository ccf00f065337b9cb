// Groups as the targets that they stand for.

import type { Definition } from './definition.ts';

export interface FlatGroup {
  readonly targets: readonly string[];
  /** Names in it that are nothing: a mistake only where the group is asked for. */
  readonly missing: readonly string[];
}

/** A group's name in another group is that group; in itself, it is a target's. */
export function flatGroups({
  groups,
  targets,
}: Pick<Definition, 'groups' | 'targets'>): ReadonlyMap<string, FlatGroup> {
  const byName = new Map(groups.map((group) => [group.name, group]));
  const isTarget = new Set(targets.map(({ name }) => name));
  const namesOf = (name: string, around: readonly string[]): readonly string[] => {
    const group = around.includes(name) ? undefined : byName.get(name);
    return group ? group.targets.flatMap((member) => namesOf(member, [...around, name])) : [name];
  };
  return new Map(
    groups.map(({ name }) => {
      const all = [...new Set(namesOf(name, []))];
      return [
        name,
        { targets: all.filter((each) => isTarget.has(each)), missing: all.filter((each) => !isTarget.has(each)) },
      ];
    }),
  );
}
