// Go's text/template as far as people write it for --format: fields, pipelines, `if`, `range`, `with`, variables.
import { goJson } from '@monokit/engine/std/go-json';
import { Mistake } from '../mistake.ts';

/** Fills a template in with a value. Functions without arguments are fields that are found out when they are asked for. */
export async function renderTemplate(template: string, value: unknown): Promise<string> {
  const { nodes, rest } = parseNodes(tokensOf(template), []);
  if (rest.length > 0) throw wrong('an end without a beginning');
  return render(nodes, { dot: value, variables: new Map([['$', value]]) });
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

interface Pipeline {
  readonly variables: readonly string[];
  readonly commands: readonly (readonly Term[])[];
}

type Term =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'path'; readonly from: string | Pipeline | undefined; readonly fields: readonly string[] };

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

type Token = { readonly text: string } | { readonly action: string };

function tokensOf(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (const found of template.matchAll(/\{\{(-\s)?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)(\s-)?\}\}/gs)) {
    const [whole, trimBefore, action = '', trimAfter] = found;
    let text = template.slice(at, found.index);
    if (trimBefore) text = text.trimEnd();
    tokens.push({ text }, { action: action.trim() });
    at = found.index + whole.length;
    if (trimAfter) at += /^\s*/.exec(template.slice(at))![0].length;
  }
  const text = template.slice(at);
  if (text.includes('{{')) throw wrong(`unclosed action in ${JSON.stringify(text)}`);
  return [...tokens, { text }];
}

function parseNodes(tokens: readonly Token[], until: readonly string[]): { nodes: Node[]; rest: readonly Token[] } {
  const nodes: Node[] = [];
  for (let rest = tokens; rest.length > 0;) {
    const [token, ...after] = rest;
    rest = after;
    if ('text' in token!) {
      if (token.text !== '') nodes.push({ kind: 'text', text: token.text });
      continue;
    }
    const { action } = token!;
    if (action.startsWith('/*')) continue;
    const [word = ''] = /^\S+/.exec(action) ?? [];
    if (until.includes(word)) return { nodes, rest: [token!, ...rest] };
    if (word === 'if' || word === 'range' || word === 'with') {
      const pipeline = parsePipeline(action.slice(word.length));
      const body = parseNodes(rest, ['else', 'end']);
      const [end, ...behind] = body.rest;
      if (!end) throw wrong(`a ${word} without its end`);
      let otherwise: readonly Node[] = [];
      rest = behind;
      const word2 = (end as { action: string }).action;
      if (word2.startsWith('else')) {
        if (word2 !== 'else') throw wrong(`${JSON.stringify(word2)}: write an if inside of else`);
        const more = parseNodes(rest, ['end']);
        if (more.rest.length === 0) throw wrong(`a ${word} without its end`);
        otherwise = more.nodes;
        rest = more.rest.slice(1);
      }
      nodes.push({ kind: word, pipeline, body: body.nodes, otherwise });
    } else if (word === 'end' || word === 'else') throw wrong(`an ${word} without a beginning`);
    else nodes.push({ kind: 'action', pipeline: parsePipeline(action) });
  }
  return { nodes, rest: [] };
}

const lexeme =
  /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|(\$\w*)?((?:\.\w+)+)|(\$\w*)|(:=|[|()]|\.(?!\w))|([A-Za-z_]\w*)|(\S))/gy;

function parsePipeline(text: string): Pipeline {
  const found = [...text.trimEnd().matchAll(lexeme)];
  let at = 0;
  const pipeline = (): Pipeline => {
    const variables: string[] = [];
    if (found[at]?.[6] && found[at + 1]?.[7] === ':=') {
      variables.push(found[at]![6]!);
      at += 2;
    }
    const commands: Term[][] = [[]];
    for (; at < found.length; at++) {
      const [whole, quoted, raw, number, root, fields, variable, mark, name, other] = found[at]!;
      const terms = commands.at(-1)!;
      if (quoted !== undefined) terms.push({ kind: 'literal', value: JSON.parse(quoted) as string });
      else if (raw !== undefined) terms.push({ kind: 'literal', value: raw });
      else if (number !== undefined) terms.push({ kind: 'literal', value: Number(number) });
      else if (fields !== undefined) {
        const path = fields.slice(1).split('.');
        const before = terms.at(-1);
        // `(index .Image "x").Config`
        if (root === undefined && !/^\s/.test(whole) && before?.kind === 'path' && typeof before.from === 'object')
          terms.splice(-1, 1, { ...before, fields: [...before.fields, ...path] });
        else terms.push({ kind: 'path', from: root, fields: path });
      } else if (variable !== undefined) terms.push({ kind: 'path', from: variable, fields: [] });
      else if (name !== undefined) {
        if (name === 'true' || name === 'false') terms.push({ kind: 'literal', value: name === 'true' });
        else if (name === 'nil') terms.push({ kind: 'literal', value: undefined });
        else terms.push({ kind: 'call', name });
      } else if (mark === '.') terms.push({ kind: 'path', from: undefined, fields: [] });
      else if (mark === '|') commands.push([]);
      else if (mark === '(') {
        at++;
        const from = pipeline();
        if (found[at]?.[7] !== ')') throw wrong(`a parenthesis is not closed in ${JSON.stringify(text.trim())}`);
        terms.push({ kind: 'path', from, fields: [] });
      } else if (mark === ')') break;
      else throw wrong(`unexpected ${JSON.stringify(mark ?? other)} in ${JSON.stringify(text.trim())}`);
    }
    if (commands.some((terms) => terms.length === 0))
      throw wrong(`a value is missing in ${JSON.stringify(text.trim())}`);
    return { variables, commands };
  };
  const parsed = pipeline();
  if (at < found.length) throw wrong(`unexpected ) in ${JSON.stringify(text.trim())}`);
  return parsed;
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
      const inside = (dot: unknown): Scope => {
        const variables = new Map(scope.variables);
        for (const name of node.pipeline.variables) variables.set(name, dot);
        return { dot, variables };
      };
      if (!isTrue(value)) text += await render(node.otherwise, inside(scope.dot));
      else if (node.kind === 'if') text += await render(node.body, { ...inside(value), dot: scope.dot });
      else if (node.kind === 'with') text += await render(node.body, inside(value));
      else for (const each of itemsOf(value)) text += await render(node.body, inside(each));
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
      return (inside as Readonly<Record<string, unknown>>)[String(key)];
    }, value),
  len: (value) => (typeof value === 'string' ? value.length : itemsOf(value).length),
  print: (...values) => values.map(shown).join(''),
  println: (...values) => `${values.map(shown).join(' ')}\n`,
  eq: (first, ...others) => others.some((other) => other === first),
  ne: (first, second) => first !== second,
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
};

function call(name: string, values: readonly unknown[]): unknown {
  const made = functions[name];
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

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.values()];
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function wrong(why: string): Mistake {
  return new Mistake(`--format: ${why}`, "it takes Go's templates, as in '{{json .Manifest}}'");
}
