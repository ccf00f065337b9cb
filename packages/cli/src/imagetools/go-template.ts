// Go's text/template as far as people write it for --format: fields, pipelines, `if`, `range`, `with`, variables.

import { goJson } from '@monokit/engine/std/go-json';
import { parseTemplate, wrong, type Node, type Pipeline, type Term } from './template-nodes.ts';

/** Fills a template in with a value. Functions without arguments are fields that are found out when they are asked for. */
export async function renderTemplate(template: string, value: unknown): Promise<string> {
  return render(parseTemplate(template), { dot: value, variables: new Map([['$', value]]) });
}

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

async function render(nodes: readonly Node[], scope: Scope): Promise<string> {
  let text = '';
  for (const node of nodes) {
    if (node.kind === 'text') text += node.text;
    else if (node.kind === 'action') {
      const value = await evaluate(node.pipeline, scope);
      const [name] = node.pipeline.variables;
      if (name === undefined) text += shown(value);
      else scope.variables.set(name, value);
    } else {
      const value = await evaluate(node.pipeline, scope);
      const inside = (dot: unknown, key?: unknown): Scope => {
        const variables = new Map(scope.variables);
        const names = node.pipeline.variables;
        if (names.length === 2) variables.set(names[0]!, key);
        if (names.length > 0) variables.set(names.at(-1)!, dot);
        return { dot, variables };
      };
      if (!isTrue(value)) text += await render(node.otherwise, inside(scope.dot));
      else if (node.kind === 'if') text += await render(node.body, { ...inside(value), dot: scope.dot });
      else if (node.kind === 'with') text += await render(node.body, inside(value));
      else for (const [key, each] of entriesOf(value)) text += await render(node.body, inside(each, key));
    }
  }
  return text;
}

async function evaluate({ commands }: Pipeline, scope: Scope): Promise<unknown> {
  let last: { readonly value: unknown } | undefined;
  for (const [first, ...terms] of commands) {
    if (!first) throw wrong('a value is missing');
    const rest: unknown[] = [];
    for (const term of terms) rest.push(await valueOf(term, scope));
    if (last) rest.push(last.value);
    if (first.kind === 'call') last = { value: call(first.name, rest) };
    else if (rest.length > 0) throw wrong('only functions take arguments');
    else last = { value: await valueOf(first, scope) };
  }
  return last!.value;
}

async function valueOf(term: Term, scope: Scope): Promise<unknown> {
  if (term.kind === 'literal') return term.value;
  if (term.kind === 'call') return call(term.name, []);
  const { from, fields } = term;
  let value: unknown;
  if (from === undefined) value = scope.dot;
  else if (typeof from === 'object') value = await evaluate(from, scope);
  else if (scope.variables.has(from)) value = scope.variables.get(from);
  else throw wrong(`undefined variable ${from}`);
  for (const name of fields) value = await fieldOf(value, name);
  return value;
}

/** A member by its own name, or by that of Go's field: `RootFS.DiffIDs` is `rootfs.diff_ids`. */
async function fieldOf(value: unknown, name: string): Promise<unknown> {
  if (value instanceof Map) return value.get(name) as unknown;
  if (typeof value !== 'object' || value === null) return undefined;
  const plain = (text: string) => text.toLowerCase().replaceAll('_', '');
  const members = value as Readonly<Record<string, unknown>>;
  const key = Object.hasOwn(members, name) ? name : Object.keys(members).find((each) => plain(each) === plain(name));
  const found = key === undefined ? undefined : members[key];
  return typeof found === 'function' ? (found as () => unknown)() : found;
}

const functions: Readonly<Record<string, (...values: readonly unknown[]) => unknown>> = {
  json: (value) => goJson(value instanceof Map ? Object.fromEntries(value) : (value ?? null), { indent: true }),
  index: (value, ...keys) =>
    keys.reduce<unknown>((inside, key) => {
      if (inside instanceof Map) return inside.get(key);
      if (typeof inside !== 'object' || inside === null) return undefined;
      return Object.hasOwn(inside, String(key))
        ? (inside as Readonly<Record<string, unknown>>)[String(key)]
        : undefined;
    }, value),
  len: (value) => (typeof value === 'string' ? value.length : entriesOf(value).length),
  print: (...values) => values.map(shown).join(''),
  println: (...values) => `${values.map(shown).join(' ')}\n`,
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, second) => first !== second,
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

function call(name: string, values: readonly unknown[]): unknown {
  const made = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!made)
    throw wrong(`function ${JSON.stringify(name)} not defined; there are ${Object.keys(functions).join(', ')}`);
  return made(...values);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  return typeof value === 'object' ? (functions['json']!(value) as string) : String(value);
}

function isTrue(value: unknown): boolean {
  if (value instanceof Map) return value.size > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** What `range` goes over: members with their index or key. */
function entriesOf(value: unknown): readonly (readonly [key: unknown, member: unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  if (value instanceof Map) return [...value];
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
