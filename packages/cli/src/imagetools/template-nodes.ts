// The grammar of Go's text/template, as far as people write it for --format.

import { Mistake } from '../mistake.ts';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Variables that it sets (of `range` also the key's, first), and commands that hand their values on. */
export interface Pipeline {
  readonly variables: readonly string[];
  readonly commands: readonly (readonly Term[])[];
}

export type Term =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'path'; readonly from: string | Pipeline | undefined; readonly fields: readonly string[] };

type Token = { readonly text: string } | { readonly action: string };

/** The nodes of a template; fails with a `Mistake` that quotes what is wrong. */
export function parseTemplate(template: string): readonly Node[] {
  const { nodes, rest } = parseNodes(tokensOf(template), []);
  if (rest.length > 0) throw wrong('an end without a beginning');
  return nodes;
}

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
      const pipeline = parsePipeline(action.slice(word.length), { variables: word === 'range' ? 2 : 1 });
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
    else nodes.push({ kind: 'action', pipeline: parsePipeline(action, { variables: 1 }) });
  }
  return { nodes, rest: [] };
}

const lexeme =
  /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|(\$\w*)?((?:\.\w+)+)|(\$\w*)|(:=|[|()]|\.(?!\w))|([A-Za-z_]\w*)|(\S))/gy;

function parsePipeline(text: string, { variables: most }: { readonly variables: number }): Pipeline {
  const found = [...text.trimEnd().matchAll(lexeme)];
  let at = 0;
  const pipeline = (): Pipeline => {
    const variables = variablesAt(at);
    at += variables.length * 2; // each with its comma or `:=`
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

  /** The names before a `:=`: one, or two with a comma between. */
  function variablesAt(start: number): readonly string[] {
    const marks = [found[start + 1]?.[0].trim(), found[start + 3]?.[7]];
    const one = found[start]?.[6];
    const two = found[start + 2]?.[6];
    if (one && marks[0] === ':=') return [one];
    return one && two && marks[0] === ',' && marks[1] === ':=' ? [one, two] : [];
  }

  const parsed = pipeline();
  if (parsed.variables.length > most) throw wrong(`too many variables in ${JSON.stringify(text.trim())}`);
  if (at < found.length) throw wrong(`unexpected ) in ${JSON.stringify(text.trim())}`);
  return parsed;
}

export function wrong(why: string): Mistake {
  return new Mistake(`--format: ${why}`, "it takes Go's templates, as in '{{json .Manifest}}'");
}
