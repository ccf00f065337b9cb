// Targets as they will be built: what they inherit, what `--set` sets in them and in their parents, without repeats.

import { globOf } from '../links.ts';
import { suggestion, type Problem } from '../problem.ts';
import type { BakeTarget, Definition, TargetAttributes } from './definition.ts';
import { distinct, lastOf, mergedTarget } from './merge.ts';
import { attributeSet, keySynonyms, settableKeys, withSettings, type Setting } from './overrides.ts';

/** A `--set`, read. */
interface SetText {
  /** As written. */
  readonly text: string;
  readonly pattern: string;
  readonly setting: Setting;
}

/** A target after inheritance and `--set`. */
export interface InheritedTarget extends BakeTarget {
  /** What was set from the command line, by attribute. */
  readonly set: Readonly<Record<string, string>>;
  /** Whether others inherit from it. */
  readonly isParent: boolean;
}

export interface InheritOptions {
  /** Texts given with `--set`. */
  readonly set: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Told of wrong settings. */
  readonly report: (problem: Problem) => void;
  /** Told what is wrong with a target. */
  readonly reportOf: (name: string, problem: Problem) => void;
}

/** All targets by name, and the texts of `--set` that meant one of them. */
export function inheritedTargets(
  definition: Definition,
  { set, env, report, reportOf }: InheritOptions,
): { readonly targets: ReadonlyMap<string, InheritedTarget>; readonly taken: ReadonlySet<string> } {
  const byName = new Map(definition.targets.map((target) => [target.name, target]));
  const { sets, taken } = readSets(set, { names: [...byName.keys()], env, report });
  const parents = new Set(definition.targets.flatMap(({ attributes }) => attributes.inherits ?? []));
  const done = new Map<string, InheritedTarget>();

  const inherited = (target: BakeTarget, heirs: readonly string[]): InheritedTarget => {
    const known = done.get(target.name);
    if (known) return known;
    const { name } = target;
    const place = target.places['inherits'] ?? target.places['']!;
    const chain = [...heirs, name];
    let whole: BakeTarget = { name, attributes: {}, places: {}, folder: target.folder };
    const above: Record<string, string> = {};
    for (const parent of target.attributes.inherits ?? []) {
      const found = byName.get(parent);
      if (!found) {
        const message = `${name} inherits from ${JSON.stringify(parent)}, which is not a target`;
        reportOf(name, { code: 'config/unknown-image', message, place, ...suggestion(parent, byName.keys()) });
      } else if (chain.includes(parent)) {
        const message = `targets inherit from each other: ${[...chain.slice(chain.indexOf(parent)), parent].join(' → ')}`;
        if (heirs.length === 0) reportOf(name, { code: 'config/cycle', message, place });
      } else {
        const base = inherited(found, chain);
        whole = mergedTarget(whole, base);
        Object.assign(above, base.set);
      }
    }
    whole = mergedTarget(whole, target);
    const fitting = sets.filter(({ pattern }) => meansTarget(pattern, name, byName));
    const { inherits: _, ...attributes } = settled(whole.attributes, fitting, report);
    const own = Object.fromEntries(fitting.map(({ setting, text }) => [attributeSet(setting), text]));
    const made: InheritedTarget = {
      ...whole,
      attributes: normalised(attributes),
      set: { ...above, ...own },
      isParent: parents.has(name),
    };
    // Inside of a round the parents are not complete.
    if (heirs.length === 0 || !parents.has(name)) done.set(name, made);
    return made;
  };
  const targets = new Map(definition.targets.map((target) => [target.name, inherited(target, [])]));
  return { targets, taken };
}

/** Settings laid over attributes; what is wrong with one is reported. */
function settled(
  attributes: TargetAttributes,
  sets: readonly SetText[],
  report: InheritOptions['report'],
): TargetAttributes {
  let made = attributes;
  for (const { setting, text } of grouped(sets)) {
    try {
      made = withSettings(made, [setting]);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      report({ code: 'config/set', message: `--set ${text}: ${error.message}` });
    }
  }
  return made;
}

/** Several of one key are one that has all of their values. */
function grouped(sets: readonly SetText[]): readonly SetText[] {
  const groups = Map.groupBy(sets, ({ setting: { key, name } }) => `${key}.${name ?? ''}`);
  return [...groups.values()].map((same) => {
    const last = same.at(-1)!;
    return { ...last, setting: { ...last.setting, values: same.flatMap(({ setting }) => setting.values) } };
  });
}

function readSets(
  texts: readonly string[],
  {
    names,
    env,
    report,
  }: { readonly names: readonly string[]; readonly env: NodeJS.ProcessEnv; readonly report: InheritOptions['report'] },
): { readonly sets: readonly SetText[]; readonly taken: ReadonlySet<string> } {
  const taken = new Set<string>();
  const sets = texts.flatMap((text): readonly SetText[] => {
    const equals = text.indexOf('=');
    const head = equals < 0 ? text : text.slice(0, equals);
    const append = head.endsWith('+');
    const [pattern = '', written = '', ...rest] = (append ? head.slice(0, -1) : head).split('.');
    if (!names.some((name) => name === pattern || globOf(pattern).test(name))) return [];
    taken.add(text);
    const wrong = (message: string, hint?: string): readonly SetText[] => {
      report({ code: 'config/set', message: `--set ${text}: ${message}`, ...(hint !== undefined && { hint }) });
      return [];
    };
    const key = settableKeys.includes(written)
      ? written
      : Object.hasOwn(keySynonyms, written)
        ? keySynonyms[written]!
        : '';
    if (key === '') {
      const hint = suggestion(written, settableKeys).hint ?? `write one of ${settableKeys.join(', ')}`;
      return wrong(written === '' ? 'there is no key' : `${JSON.stringify(written)} is not a key of a target`, hint);
    }
    const name = rest.length > 0 ? rest.join('.') : undefined;
    if (equals < 0) {
      if (key !== 'args') return wrong('there is no value', 'write --set pattern.key=value');
      // As with --build-arg: the environment's own, if it has one.
      const value = name === undefined ? undefined : env[name];
      return value === undefined ? [] : [{ text, pattern, setting: { key, name: name!, values: [value], append } }];
    }
    const values = [text.slice(equals + 1)];
    return [{ text, pattern, setting: { key, ...(name !== undefined && { name }), values, append } }];
  });
  return { sets, taken };
}

/** A name means the target that has it, before it is a pattern. */
function meansTarget(pattern: string, name: string, byName: ReadonlyMap<string, BakeTarget>): boolean {
  return byName.has(pattern) ? pattern === name : globOf(pattern).test(name);
}

function normalised(attributes: TargetAttributes): TargetAttributes {
  const made: Record<string, unknown> = { ...attributes };
  for (const key of ['annotations', 'tags', 'platforms', 'no-cache-filter', 'ulimits'] as const) {
    const values = attributes[key];
    if (values) made[key] = [...new Set(values)].filter((each) => each !== '');
  }
  if (attributes.attest) made['attest'] = lastOf(attributes.attest, ({ type }) => type);
  if (attributes.secret) made['secret'] = lastOf(attributes.secret, ({ id }) => id);
  if (attributes.ssh) made['ssh'] = lastOf(attributes.ssh, ({ id }) => id);
  for (const key of ['cache-from', 'cache-to', 'output'] as const) {
    const values = attributes[key];
    if (values) made[key] = distinct(values);
  }
  const entitlements = [
    ...(attributes.entitlements ?? []),
    ...(attributes.network === 'host' ? ['network.host'] : []),
  ].filter((each) => each !== '');
  if (entitlements.length > 0) made['entitlements'] = [...new Set(entitlements)];
  if (attributes.contexts) {
    const contexts = Object.entries(attributes.contexts).filter(([, context]) => context !== '');
    made['contexts'] = contexts.length > 0 ? Object.fromEntries(contexts) : undefined;
  }
  return made as TargetAttributes;
}
