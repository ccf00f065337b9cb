// Bake files as a definition: parsed, evaluated together, merged.

import { evaluate } from '../hcl/evaluate.ts';
import { parseJsonHcl } from '../hcl/json.ts';
import { collected, Lines, mistake, type SourceText, type Span } from '../hcl/mistake.ts';
import { parseHcl } from '../hcl/parse.ts';
import type { Body, Expression } from '../hcl/syntax.ts';
import { checkNames, type Instance } from './blocks.ts';
import type { AttributeName, BakeGroup, BakeTarget, BakeVariable, Place } from './definition.ts';
import { mergedTarget } from './merge.ts';
import { Module, type ModuleOptions } from './module.ts';
import { listed } from './variables.ts';

export interface ReadOptions extends ModuleOptions {
  /** The folder that the paths of a file are relative to, absolute. */
  readonly folderOf: (file: string) => string;
}

export interface BakeFiles {
  readonly targets: readonly BakeTarget[];
  readonly groups: readonly BakeGroup[];
  readonly variables: readonly BakeVariable[];
  /** Functions that were called and give something else each time. */
  readonly impure: ReadonlySet<string>;
}

const blockTypes = {
  target: { labels: 1 },
  group: { labels: 1 },
  function: { labels: 1 },
  variable: { labels: 1, blocks: { validation: { labels: 0 } } },
} as const;

/** Reads one file: JSON if its name or its first character says so. Throws a `HclMistake`. */
function parseBakeFile(source: SourceText): Body {
  const isJson = /\.json$/i.test(source.file) || (!/\.hcl$/i.test(source.file) && /^\ufeff?\s*\{/.test(source.text));
  const body = isJson ? parseJsonHcl(source, blockTypes) : parseHcl(source);
  checkNames(body);
  return body;
}

/**
 * Evaluates files together; what a later one says of a target is merged over what an earlier one does. Throws a
 * `HclMistake` with everything that is wrong.
 */
export function readBake(
  sources: readonly SourceText[],
  options: ReadOptions,
  below: readonly BakeTarget[] = [],
): BakeFiles {
  const bodies = collected(sources, parseBakeFile);
  const module = new Module(bodies, options);
  const places = new Places();
  const variables = collected(module.variables.values(), (variable) => {
    const value = module.variable(variable.name)!;
    const description = variable.description && evaluate(variable.description, variable.source, module).is;
    return listed(variable, value, typeof description === 'string' ? description : undefined);
  });
  module.validate();
  const instances = module.blocks.instances();
  const targets = new Map(below.map((target) => [target.name, target]));
  const groups = new Map<string, BakeGroup>();
  collected(instances, (instance) => {
    if (instance.type === 'group') {
      const group = groupOf(instance, places);
      groups.set(group.name, group);
      return;
    }
    const target = targetOf(instance, places, options.folderOf(instance.block.body.source.file));
    const before = targets.get(target.name);
    targets.set(target.name, before ? mergedTarget(before, target) : target);
  });
  collected(module.globals(), (name) => module.variable(name));
  for (const [label, names] of matrixGroups(instances)) {
    if (!groups.has(label)) groups.set(label, { name: label, targets: names });
  }
  return {
    targets: [...targets.values()],
    groups: [...groups.values()],
    variables: variables.sort((a, b) => (a.name < b.name ? -1 : 1)),
    impure: module.impure,
  };
}

/** A block whose matrix gave its targets other names stands for all of them. */
function matrixGroups(instances: readonly Instance[]): ReadonlyMap<string, readonly string[]> {
  const targets = instances.filter(({ type }) => type === 'target');
  const byLabel = Map.groupBy(targets, ({ block }) => block.labels[0]!.text);
  return new Map(
    [...byLabel].flatMap(([label, same]): [string, readonly string[]][] => {
      const names = [...new Set(same.map(({ name }) => name))];
      return names.length === 1 && names[0] === label ? [] : [[label, names]];
    }),
  );
}

function groupOf(instance: Instance, places: Places): BakeGroup {
  const { source } = instance.block.body;
  const [targets, description] = collected(['targets', 'description'], (name) => instance.plain(name));
  if (!instance.attributeOf('targets')) {
    const span = instance.block.labels[0]!.span;
    throw mistake(source, span, `the group ${instance.name} has no targets`, 'write targets = ["…"]');
  }
  return {
    name: instance.name,
    ...(typeof description === 'string' && description !== '' && { description }),
    targets: [...new Set((targets as readonly string[] | undefined) ?? [])],
    place: places.of(source, instance.block.labels[0]!.span),
  };
}

function targetOf(instance: Instance, places: Places, folder: string): BakeTarget {
  const { source, attributes } = instance.block.body;
  const written = attributes.filter(({ name }) => name !== 'matrix' && name !== 'name');
  const found: Record<string, Place> = { '': places.of(source, instance.block.labels[0]!.span) };
  const plain = collected(written, ({ name, expression }): [string, unknown] => {
    found[name] = places.of(source, expression.span);
    for (const [key, span] of keysOf(expression)) found[`${name}.${key}`] = places.of(source, span);
    return [name as AttributeName, instance.plain(name)];
  });
  return {
    name: instance.name,
    attributes: Object.fromEntries(plain.filter(([, value]) => value !== undefined)),
    places: found,
    folder,
  };
}

/** Where the keys of an object that is written out stand. */
function keysOf(expression: Expression): readonly (readonly [string, Span])[] {
  if (expression.kind !== 'object') return [];
  return expression.items.flatMap(({ key, value }): [string, Span][] => {
    const [only] = key.kind === 'template' ? key.parts : [key];
    return only?.kind === 'literal' && typeof only.value.is === 'string' ? [[only.value.is, value.span]] : [];
  });
}

/** Places in files, whose lines are counted once. */
export class Places {
  readonly #lines = new Map<string, Lines>();

  of({ file, text }: SourceText, span: Span): Place {
    let lines = this.#lines.get(file);
    if (!lines) this.#lines.set(file, (lines = new Lines(text)));
    return { file, range: lines.rangeOf(span) };
  }
}
