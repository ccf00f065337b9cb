// What our grammar says of a generated workspace: names of the projects that filters mean, or that they are refused.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { filtered, parseFilter } from '../../packages/config/src/filter.ts';
import type { ResolvedTarget } from '../../packages/config/src/target.ts';
import { failedOf } from '../../packages/engine/src/std/failed.ts';
import type { Projects, TwinFilter } from './workspace.ts';

export type Answer = readonly string[] | 'refused';

/** Of one workspace: the filters that were given together, and turbo's answer. */
export interface Recorded {
  readonly workspace: Projects;
  readonly asked: readonly { readonly filters: readonly TwinFilter[]; readonly answer: Answer }[];
}

/** Makes the projects' folders below `cwd`, and asks about each list of filters. */
export async function ourAnswers(
  { projects, changed }: Projects,
  asked: readonly (readonly string[])[],
  cwd: string,
): Promise<readonly Answer[]> {
  for (const { folder } of projects) mkdirSync(join(cwd, folder), { recursive: true });
  const targets = new Map(projects.map((project) => [project.name, targetOf(project, cwd)]));
  const needs = projects.flatMap(({ name, needs: all }) => all.map((other) => [name, other] as const));
  const surroundings = {
    targets,
    groups: new Map<string, readonly string[]>(),
    cwd,
    affected: async () => reachedBy(new Set(changed), needs),
    needs: async () => needs,
  };
  return Promise.all(
    asked.map(async (texts) => {
      try {
        return [...(await filtered(texts.map(parseFilter), surroundings))].sort();
      } catch (error) {
        if (failedOf(error, 'filter')) return 'refused';
        throw error;
      }
    }),
  );
}

function targetOf({ name, folder }: Projects['projects'][number], cwd: string): ResolvedTarget {
  const path = join(cwd, folder);
  return {
    id: name,
    image: name,
    selectors: [],
    context: { kind: 'folder', path },
    recipe: { kind: 'dockerfile', folder: path, name: 'Dockerfile' },
  } as unknown as ResolvedTarget;
}

/** A change of an image changes all that is built from it. */
function reachedBy(changed: ReadonlySet<string>, needs: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const more = needs.flatMap(([from, to]) => (changed.has(to) && !changed.has(from) ? [from] : []));
  return more.length === 0 ? changed : reachedBy(new Set([...changed, ...more]), needs);
}
