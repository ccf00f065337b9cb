// JSON with the places of all that is in it, and what it means as HCL: an object's members are arguments or blocks, texts
// are templates.

import { mistake, HclMistake, type SourceText, type Span } from './mistake.ts';
import { parseNumber } from './number.ts';
import { parseWholeTemplate } from './parse.ts';
import type { Attribute, Block, Body, Expression, Label } from './syntax.ts';
import { no, num, text, untypedNull, yes } from './value.ts';

export type Json = { readonly span: Span } & (
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'object'; readonly members: readonly Member[] }
);

interface Member {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Json;
}

/** Deeper nesting than this is refused. */
const deepest = 200;

/** Reads JSON. Throws a `HclMistake` at the first thing that is wrong. */
export function parseJson(source: SourceText): Json {
  const { text: all } = source;
  let at = 0;
  let depth = 0;

  const wrong = (message: string, span: Span = { start: at, end: at + 1 }) => mistake(source, span, message);
  const skip = () => {
    while (at < all.length && ' \t\r\n'.includes(all[at]!)) at++;
  };
  const here = () => (at < all.length ? JSON.stringify(all[at]) : 'the end of the text');

  const value = (): Json => {
    if (++depth > deepest) throw wrong(`this is nested more than ${deepest} levels deep`);
    skip();
    const c = all[at];
    const made = c === '{' ? object() : c === '[' ? array() : c === '"' ? string() : word();
    depth--;
    skip();
    return made;
  };

  const object = (): Json => {
    const start = at++;
    const members: Member[] = [];
    for (skip(); all[at] !== '}'; skip()) {
      if (all[at] !== '"') throw wrong(`a name in double quotes is missing; here is ${here()}`);
      const name = string();
      skip();
      if (all[at] !== ':') throw wrong(`":" is missing after the name; here is ${here()}`);
      at++;
      members.push({ name: name.value, nameSpan: name.span, value: value() });
      if (all[at] === ',') {
        at++;
        skip();
        if (all[at] === '}') throw wrong('JSON has no comma after the last member');
      } else if (all[at] !== '}') throw wrong(`"," or "}" is missing; here is ${here()}`);
    }
    at++;
    return { kind: 'object', members, span: { start, end: at } };
  };

  const array = (): Json => {
    const start = at++;
    const items: Json[] = [];
    for (skip(); all[at] !== ']';) {
      items.push(value());
      if (all[at] === ',') {
        at++;
        skip();
        if (all[at] === ']') throw wrong('JSON has no comma after the last item');
      } else if (all[at] !== ']') throw wrong(`"," or "]" is missing; here is ${here()}`);
    }
    at++;
    return { kind: 'array', items, span: { start, end: at } };
  };

  const string = (): Extract<Json, { kind: 'string' }> => {
    const pattern = /"(?:[^"\\\n]|\\[^\n])*"/y;
    pattern.lastIndex = at;
    const found = pattern.exec(all)?.[0];
    const span = { start: at, end: at + (found?.length ?? 1) };
    if (found === undefined) throw wrong('this text has no closing quote', span);
    at += found.length;
    try {
      return { kind: 'string', value: JSON.parse(found) as string, span };
    } catch {
      throw wrong('this text has an escape or a character that JSON has not', span);
    }
  };

  const word = (): Json => {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
    pattern.lastIndex = at;
    const found = pattern.exec(all)?.[0];
    if (!found) throw wrong(`a value is missing; here is ${here()}`);
    const span = { start: at, end: at + found.length };
    at += found.length;
    if (found === 'null') return { kind: 'null', span };
    if (found === 'true' || found === 'false') return { kind: 'boolean', value: found === 'true', span };
    try {
      parseNumber(found);
    } catch (error) {
      throw wrong((error as Error).message, span);
    }
    return { kind: 'number', text: found, span };
  };

  if (all.charCodeAt(0) === 0xfeff) at++;
  const whole = value();
  if (at < all.length) throw wrong(`nothing can follow the value; here is ${here()}`);
  return whole;
}

/** Which members are blocks, how many labels these have, and which blocks lie in them. */
export type BlockTypes = Readonly<Record<string, { readonly labels: number; readonly blocks?: BlockTypes }>>;

/** Reads a JSON file as HCL. Throws a `HclMistake`. */
export function parseJsonHcl(source: SourceText, types: BlockTypes): Body {
  const whole = parseJson(source);
  return bodyOf([whole], { source, types });
}

interface Reading {
  readonly source: SourceText;
  readonly types: BlockTypes;
}

function bodyOf(parts: readonly Json[], { source, types }: Reading): Body {
  const attributes: Attribute[] = [];
  const blocks: Block[] = [];
  for (const json of parts) {
    if (json.kind !== 'object') throw mistake(source, json.span, 'an object is missing: { … }');
    for (const { name, nameSpan, value } of json.members) {
      // What people write to each other: a member of this name says nothing.
      if (name === '//') continue;
      const type = Object.hasOwn(types, name) ? types[name]! : undefined;
      if (!type) attributes.push({ name, nameSpan, expression: expressionOf(value, source) });
      else blocks.push(...blocksOf(name, nameSpan, { value, labels: [], type, source }));
    }
  }
  return { source, attributes, blocks };
}

function blocksOf(
  name: string,
  typeSpan: Span,
  {
    value,
    labels,
    type,
    source,
  }: {
    readonly value: Json;
    readonly labels: readonly Label[];
    readonly type: BlockTypes[string];
    readonly source: SourceText;
  },
): readonly Block[] {
  if (value.kind === 'null') return [];
  const each = value.kind === 'array' ? value.items : [value];
  return each.flatMap((json): readonly Block[] => {
    if (json.kind !== 'object') throw mistake(source, json.span, `${name} must be an object, or a list of objects`);
    if (labels.length === type.labels)
      return [{ type: name, typeSpan, labels, body: bodyOf([json], { source, types: type.blocks ?? {} }) }];
    return json.members.flatMap((member) =>
      blocksOf(name, typeSpan, {
        value: member.value,
        labels: [...labels, { text: member.name, span: member.nameSpan }],
        type,
        source,
      }),
    );
  });
}

function expressionOf(json: Json, source: SourceText): Expression {
  const { span } = json;
  switch (json.kind) {
    case 'null':
      return { kind: 'literal', value: untypedNull, span, depth: 1 };
    case 'boolean':
      return { kind: 'literal', value: json.value ? yes : no, span, depth: 1 };
    case 'number':
      return { kind: 'literal', value: num(parseNumber(json.text)!), span, depth: 1 };
    case 'string':
      return { ...templateOf(json.value, span, source), json: json.value } as Expression;
    case 'array': {
      const items = json.items.map((item) => expressionOf(item, source));
      return { kind: 'tuple', items, span, depth: 1 + deepestOf(items) };
    }
    case 'object': {
      const items = json.members.map(({ name, nameSpan, value }) => ({
        key: templateOf(name, nameSpan, source),
        value: expressionOf(value, source),
      }));
      return { kind: 'object', items, span, depth: 1 + deepestOf(items.flatMap(({ key, value }) => [key, value])) };
    }
  }
}

function deepestOf(expressions: readonly Expression[]): number {
  return expressions.reduce((most, { depth }) => Math.max(most, depth), 0);
}

/** A text as a template, its places moved to where it stands in the file (true where it has no escapes before them). */
function templateOf(written: string, span: Span, source: SourceText): Expression {
  if (!written.includes('${') && !written.includes('%{')) {
    const part: Expression = { kind: 'literal', value: text(written), span, depth: 1 };
    return { kind: 'template', parts: [part], span, depth: 2 };
  }
  try {
    return moved(parseWholeTemplate({ file: source.file, text: written }), span.start + 1);
  } catch (error) {
    if (!(error instanceof HclMistake)) throw error;
    throw new HclMistake(
      error.problems.map((problem) => ({ ...problem, source, span: shifted(problem.span, span.start + 1) })),
    );
  }
}

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

/** A tree with all its spans moved. */
function moved<T>(node: T, by: number): T {
  if (Array.isArray(node)) return node.map((each: unknown) => moved(each, by)) as T;
  if (typeof node !== 'object' || node === null || node instanceof Map || node instanceof Set) return node;
  if ('start' in node && 'end' in node && typeof node.start === 'number')
    return shifted(node as unknown as Span, by) as T;
  // A value has no places in it.
  if ('is' in node) return node;
  return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, moved(each as unknown, by)])) as T;
}
