// Small checks that a schema is put together from. A check looks at a value's shape and reports what is wrong with it;
// it changes nothing.

import type { KeyPath } from './place.ts';
import { spoken, suggestion, type Problem } from './problem.ts';

export type Report = (problem: Problem) => void;

export interface Check {
  (value: unknown, path: KeyPath, report: Report): void;
  /** What it wants, for a sentence: `a text`. */
  readonly wants: string;
  /** The same as JSON Schema; undefined for what JSON can't hold. */
  readonly form: () => JsonForm | undefined;
}

/** A schema of JSON Schema. `title` names the interface of config.ts that describes an object's keys. */
export type JsonForm = Readonly<Record<string, unknown>>;

export const text = simple('a text', (value) => typeof value === 'string', { type: 'string' });
export const flag = simple('true or false', (value) => typeof value === 'boolean', { type: 'boolean' });
export const scalar = simple(
  'a text, number or boolean',
  (value) => ['string', 'number', 'boolean'].includes(typeof value),
  { type: ['string', 'number', 'boolean'] },
);
export const scalarOrNull = simple(
  'a text, number, boolean or null',
  (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  { type: ['string', 'number', 'boolean', 'null'] },
);
export const textOrNumber = simple('a text or a number', (value) => ['string', 'number'].includes(typeof value), {
  type: ['string', 'number'],
});

export function simple(wants: string, fits: (value: unknown) => boolean, form?: JsonForm): Check {
  return check({ wants, form: () => form }, (value, path, report) => {
    if (!fits(value)) report(wrong(value, path, wants));
  });
}

/** One of a few words; others get the nearest. */
export function oneOf(...words: readonly (string | boolean)[]): Check {
  const wants = words.map((word) => JSON.stringify(word)).join(', ');
  const form = () => ({ enum: words });
  return check({ wants: words.length > 1 ? `one of ${wants}` : wants, form }, (value, path, report) => {
    if (words.includes(value as string)) return;
    const names = words.filter((word) => typeof word === 'string');
    const meant = typeof value === 'string' ? suggestion(value, names) : {};
    report({ ...wrong(value, path, `one of ${wants}`), ...meant });
  });
}

export function list(item: Check): Check {
  const form = () => ({ type: 'array', items: item.form() });
  return check({ wants: `a list, each ${item.wants}`, form }, (value, path, report) => {
    if (!Array.isArray(value)) return report(wrong(value, path, `a list, each ${item.wants}`));
    for (const [index, each] of value.entries()) item(each, [...path, index], report);
  });
}

export function oneOrMany(item: Check): Check {
  const many = list(item);
  const form = () => ({ anyOf: [item.form(), many.form()] });
  return check({ wants: `${item.wants}, or a list of them`, form }, (value, path, report) =>
    (Array.isArray(value) ? many : item)(value, path, report),
  );
}

/** An object whose keys are names; `key` says what is wrong with a name, and `names` the same as JSON Schema. */
export function record(item: Check, key?: (name: string) => string | undefined, names?: JsonForm): Check {
  const form = () => ({
    type: 'object',
    ...(names && { propertyNames: names }),
    additionalProperties: item.form(),
  });
  return check({ wants: `an object, each value ${item.wants}`, form }, (value, path, report) => {
    if (!isRecord(value)) return report(wrong(value, path, 'an object'));
    for (const [name, each] of Object.entries(value)) {
      if (each === undefined) continue;
      const complaint = key?.(name);
      if (complaint) report({ code: 'config/name', path: [...path, name], message: complaint });
      item(each, [...path, name], report);
    }
  });
}

/** An object of known keys; any other is a problem. `meant` knows the names that other tools have for them. */
export function keys(
  known: Readonly<Record<string, Check>>,
  {
    of,
    meant = {},
    required = [],
    others,
  }: {
    /** The interface that describes them. */
    readonly of?: string;
    readonly meant?: Readonly<Record<string, string>>;
    readonly required?: readonly string[];
    /** What JSON Schema says of keys that only each value knows. */
    readonly others?: Check;
  } = {},
): Check {
  const form = () => ({
    ...(of !== undefined && { title: of }),
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(known).flatMap(([name, each]) => {
        const own = each.form();
        return own ? [[name, own]] : [];
      }),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: others?.form() ?? false,
  });
  return check({ wants: 'an object', form }, (value, path, report) => {
    if (!isRecord(value)) return report(wrong(value, path, 'an object'));
    for (const [name, each] of Object.entries(value)) {
      if (each === undefined) continue;
      if (Object.hasOwn(known, name)) known[name]!(each, [...path, name], report);
      else report(unknownKey(name, path, Object.keys(known), meant));
    }
    for (const name of required) {
      if (value[name] !== undefined) continue;
      report({ code: 'config/missing-key', path, message: `${spoken(path)} lacks the key ${JSON.stringify(name)}` });
    }
  });
}

/** The one of `checks` whose kind of value it is; `choose` tells which. */
export function either(wants: string, checks: readonly Check[], choose: (value: unknown) => Check | undefined): Check {
  const form = () => ({ anyOf: checks.map((each) => each.form()) });
  return check({ wants, form }, (value, path, report) => {
    const chosen = choose(value);
    if (chosen) chosen(value, path, report);
    else report(wrong(value, path, wants));
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function check(
  what: Pick<Check, 'wants' | 'form'>,
  run: (value: unknown, path: KeyPath, report: Report) => void,
): Check {
  return Object.assign(run, what);
}

function wrong(value: unknown, path: KeyPath, wants: string): Problem {
  const where = path.length > 0 ? spoken(path) : 'the configuration';
  return { code: 'config/wrong-type', path, message: `${where} must be ${wants}, not ${kindOf(value)}` };
}

function unknownKey(
  name: string,
  path: KeyPath,
  known: readonly string[],
  meant: Readonly<Record<string, string>>,
): Problem {
  const camel = name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const other = known.includes(camel)
    ? camel
    : [name, camel].flatMap((each) => (Object.hasOwn(meant, each) ? meant[each]! : []))[0];
  const where = path.length > 0 ? ` in ${spoken(path)}` : '';
  return {
    code: 'config/unknown-key',
    path: [...path, name],
    message: `unknown key ${JSON.stringify(name)}${where}`,
    ...(other === undefined ? suggestion(name, known) : { hint: `did you mean ${JSON.stringify(other)}?` }),
  };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value.length > 40 ? 'a text' : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
