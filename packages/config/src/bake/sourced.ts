// What bake and compose files bring into a workspace.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Layer } from '../layers.ts';
import type { Problem } from '../problem.ts';
import type { Purpose } from '../resolve.ts';
import type { ResolvedTarget, Sourced } from '../target.ts';
import type { Definition } from './definition.ts';
import { flatGroups, type FlatGroup } from './groups.ts';
import { layerOf, refusalsOf } from './image.ts';
import { inheritedTargets, type InheritedTarget, type InheritOptions } from './inherit.ts';

export class SourcedImages {
  readonly groups: ReadonlyMap<string, FlatGroup>;
  /** The texts of `--set` that meant one of them. */
  readonly taken: ReadonlySet<string>;
  readonly #targets: ReadonlyMap<string, InheritedTarget>;
  /** What is wrong with targets, by their names: a mistake only where they are built. */
  readonly #problems = new Map<string, Problem[]>();
  readonly #inGroups: ReadonlySet<string>;
  /** Files that were looked for, to tell which targets are there only for others. */
  readonly looked: string[] = [];

  constructor(definition: Definition, options: Omit<InheritOptions, 'reportOf'>) {
    const { targets, taken } = inheritedTargets(definition, {
      ...options,
      reportOf: (name, problem) => this.report(name, problem),
    });
    this.#targets = targets;
    this.taken = taken;
    this.groups = flatGroups(definition);
    this.#inGroups = new Set([...this.groups.values()].flatMap((group) => group.targets));
  }

  get layers(): ReadonlyMap<string, Layer> {
    return new Map([...this.#targets].map(([name, target]) => [name, layerOf(target)]));
  }

  has(id: string): boolean {
    return this.#targets.has(id);
  }

  placeOf(id: string): Problem['place'] {
    return this.#targets.get(id)?.places[''];
  }

  /** What the target of an id has beside what all images have; undefined if it is none of these. */
  of({ image, recipe }: ResolvedTarget): Sourced | undefined {
    const target = this.#targets.get(image);
    if (!target) return undefined;
    const { call, resources, policy } = target.attributes;
    return {
      ...(call && call !== 'build' && { call }),
      ...(resources && { resources }),
      ...(policy && { policy }),
      isTemplate: image.startsWith('_') || (target.isParent && !this.#inGroups.has(image) && this.#isAbsent(recipe)),
      ...(target.service && { service: target.service }),
    };
  }

  /** Keeps a problem until somebody builds the target. */
  report(name: string, problem: Problem): void {
    this.#problems.set(name, [...(this.#problems.get(name) ?? []), problem]);
  }

  /** What is wrong with a target, or asked of it that nothing here can do. */
  problemsOf(name: string, purpose: Purpose): readonly Problem[] {
    const target = this.#targets.get(name);
    return [...(this.#problems.get(name) ?? []), ...(target && purpose === 'build' ? refusalsOf(target) : [])];
  }

  #isAbsent(recipe: ResolvedTarget['recipe']): boolean {
    if (recipe.kind !== 'dockerfile') return false;
    const file = join(recipe.folder, recipe.name);
    this.looked.push(file);
    return !statSync(file, { throwIfNoEntry: false });
  }
}
