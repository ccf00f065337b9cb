// A tolerant look at JavaScript, TypeScript or JSON: every object and array literal with its keys, whatever is around
// them. It never fails; what it cannot make out it passes over.

import type { Entry, Shape } from './place.ts';

interface Token {
  readonly kind: 'word' | 'string' | 'mark';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** All literals of a text, outer ones first. */
export function scanObjects(text: string): Shape[] {
  const tokens = tokensOf(text);
  const shapes: Shape[] = [];
  let at = 0;

  const group = (): Shape | undefined => {
    const open = tokens[at++]!.text;
    const close = open === '{' ? '}' : open === '[' ? ']' : ')';
    const shape: Shape = { kind: open === '{' ? 'object' : 'array', entries: [] };
    if (open !== '(') shapes.push(shape);
    for (let first = true; at < tokens.length; first = false) {
      if (tokens[at]!.text === close && tokens[at]!.kind === 'mark') break;
      if (!first && isMark(tokens[at], ',')) at++;
      if (at >= tokens.length || isMark(tokens[at], close)) break;
      const before = at;
      if (open === '{') entry(shape.entries);
      else item(shape.entries, open === '[');
      if (at === before) at++;
    }
    at++;
    return open === '(' ? undefined : shape;
  };

  const entry = (entries: Entry[]): void => {
    const key = tokens[at]!;
    if (key.kind !== 'mark') {
      const next = tokens[at + 1];
      if (isMark(next, ':') || isMark(next, '(') || isMark(next, ',') || isMark(next, '}')) {
        const made: Entry = {
          key: key.kind === 'string' ? unquoted(key.text) : key.text,
          start: key.start,
          end: key.end,
        };
        entries.push(made);
        at += isMark(next, ':') ? 2 : 1;
        const child = value();
        if (child) made.child = child;
        return;
      }
    }
    value();
  };

  const item = (entries: Entry[], counted: boolean): void => {
    const token = tokens[at]!;
    const child = value();
    if (counted) entries.push({ key: entries.length, start: token.start, end: token.end, ...(child && { child }) });
  };

  /** Passes over a value; the literal it begins with, if it is one. */
  const value = (): Shape | undefined => {
    let child: Shape | undefined;
    for (let first = true; at < tokens.length; first = false) {
      const token = tokens[at]!;
      if (token.kind === 'mark') {
        if (token.text === ',' || token.text === '}' || token.text === ']' || token.text === ')') return child;
        if (token.text === '{' || token.text === '[' || token.text === '(') {
          const inner = group();
          if (first) child = inner;
          continue;
        }
      }
      at++;
    }
    return child;
  };

  while (at < tokens.length) {
    const token = tokens[at]!;
    if (token.kind === 'mark' && '{[('.includes(token.text)) group();
    else at++;
  }
  return shapes;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

const word = /[\p{ID_Start}$_0-9][\p{ID_Continue}$.\u200c\u200d]*/uy;
const space = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)+/y;
const quoted = /'(?:[^'\\\n]|\\[^])*'?|"(?:[^"\\\n]|\\[^])*"?/y;
const expression = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token['kind'], length: number) => {
    tokens.push({ kind, text: text.slice(at, at + length), start: at, end: at + length });
    at += length;
  };
  while (at < text.length) {
    const skipped = take(space);
    if (skipped) {
      at += skipped.length;
      continue;
    }
    const c = text[at]!;
    if (c === '"' || c === "'") push('string', take(quoted)?.length ?? 1);
    else if (c === '`') push('string', templateLength(text, at));
    else if (c === '/' && beginsExpression(tokens.at(-1))) push('mark', take(expression)?.length ?? 1);
    else push(take(word) ? 'word' : 'mark', take(word)?.length ?? 1);
  }
  return tokens;
}

/** Whether a slash after this token begins a regular expression, and is not a division. */
function beginsExpression(before: Token | undefined): boolean {
  if (!before) return true;
  if (before.kind === 'mark') return !')]}'.includes(before.text);
  return before.kind === 'word' && ['return', 'typeof', 'case', 'in', 'of'].includes(before.text);
}

/** The length of a template literal, those nested in it counted in. */
function templateLength(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '$' && text[at + 1] === '{') {
      let depth = 1;
      for (at += 2; at < text.length && depth > 0; at++) {
        const c = text[at];
        if (c === '{') depth++;
        else if (c === '}') depth--;
        else if (c === '`') at += templateLength(text, at) - 1;
      }
    } else at++;
  }
  return Math.min(at + 1, text.length) - from;
}

function unquoted(text: string): string {
  const inner = text.slice(1, text.length > 1 && text.endsWith(text[0]!) ? -1 : undefined);
  return inner.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code?: string, plain?: string) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (plain ?? ''),
  );
}
