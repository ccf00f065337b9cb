// Templates: texts with `${…}` for values and `%{…}` for conditions and loops.

import { nearest } from '@monokit/engine/std/nearest';
import type { Cursor } from './cursor.ts';
import type { Span } from './mistake.ts';
import { parseForHead } from './parse-brackets.ts';
import { made, parseExpression } from './parse-expression.ts';
import type { Expression } from './syntax.ts';
import type { Token } from './tokens.ts';
import { text } from './value.ts';

type Part =
  | { readonly kind: 'text'; text: string; readonly span: Span }
  | { readonly kind: 'value'; readonly expression: Expression; readonly span: Span }
  | { readonly kind: 'if'; readonly condition: Expression; readonly span: Span }
  | { readonly kind: 'for'; readonly head: ReturnType<typeof parseForHead>; readonly span: Span }
  | { readonly kind: 'else' | 'endif' | 'endfor'; readonly span: Span };

/** A quoted template or a heredoc; the cursor is at its opening. */
export function parseTemplate(cursor: Cursor): Expression {
  const open = cursor.take();
  const isQuote = open.text === '"';
  const parts = partsOf(cursor, isQuote);
  if (cursor.next.kind !== 'close') throw cursor.wrong(open, 'this text has no end');
  cursor.take();
  if (open.text.startsWith('<<-')) unindent(parts);
  return templateOf(cursor, parts, { start: open.start, end: cursor.end });
}

/** A template that is a whole text. */
export function parseBareTemplate(cursor: Cursor, span: Span): Expression {
  return templateOf(cursor, partsOf(cursor, false), span);
}

function templateOf(cursor: Cursor, parts: readonly Part[], span: Span): Expression {
  const [first] = parts;
  if (parts.length === 1 && first?.kind === 'value')
    return made(cursor, { kind: 'wrapped', inner: first.expression, span }, [first.expression]);
  const reader = new PartReader(cursor, parts);
  const made_ = reader.until([], span);
  return templateNode(cursor, made_, span);
}

function templateNode(cursor: Cursor, parts: readonly Expression[], span: Span): Expression {
  const whole = parts.length > 0 ? parts : [made(cursor, { kind: 'literal', value: text(''), span }, [])];
  return made(cursor, { kind: 'template', parts: whole, span }, whole);
}

/** Puts parts together: what lies between `if` or `for` and its end belongs to it. */
class PartReader {
  readonly #cursor: Cursor;
  readonly #parts: readonly Part[];
  #at = 0;

  constructor(cursor: Cursor, parts: readonly Part[]) {
    this.#cursor = cursor;
    this.#parts = parts;
  }

  /** The expressions up to one of these ends, which is taken; no ends is the end of the template. */
  until(ends: readonly Part['kind'][], opened: Span): Expression[] {
    const cursor = this.#cursor;
    return cursor.nested(() => {
      const result: Expression[] = [];
      for (;;) {
        const part = this.#parts[this.#at];
        if (!part) {
          if (ends.length === 0) return result;
          throw cursor.wrong(opened, `this has no %{${ends.at(-1)}}`);
        }
        if (ends.includes(part.kind)) return result;
        this.#at++;
        switch (part.kind) {
          case 'text':
            result.push(made(cursor, { kind: 'literal', value: text(part.text), span: part.span }, []));
            break;
          case 'value':
            result.push(part.expression);
            break;
          case 'if':
            result.push(this.#if(part));
            break;
          case 'for':
            result.push(this.#for(part));
            break;
          default:
            throw cursor.wrong(part.span, `nothing was begun that this %{${part.kind}} could belong to`);
        }
      }
    });
  }

  #if({ condition, span }: Extract<Part, { kind: 'if' }>): Expression {
    const cursor = this.#cursor;
    const whenTrue = this.until(['else', 'endif'], span);
    const middle = this.#parts[this.#at++]!;
    const whenFalse = middle.kind === 'else' ? this.until(['endif'], span) : [];
    const last = middle.kind === 'else' ? this.#parts[this.#at++]! : middle;
    const yes = templateNode(cursor, whenTrue, span);
    const no = templateNode(cursor, whenFalse, middle.span);
    const whole = { start: span.start, end: last.span.end };
    return made(cursor, { kind: 'conditional', condition, yes, no, span: whole }, [condition, yes, no]);
  }

  #for({ head, span }: Extract<Part, { kind: 'for' }>): Expression {
    const cursor = this.#cursor;
    const value = templateNode(cursor, this.until(['endfor'], span), span);
    const last = this.#parts[this.#at++]!;
    const whole = { start: span.start, end: last.span.end };
    const items = made(cursor, { kind: 'for', ...head, value, group: false, span: whole }, [head.over, value]);
    return made(cursor, { kind: 'joined', items, span: whole }, [items]);
  }
}

function partsOf(cursor: Cursor, isQuote: boolean): Part[] {
  const parts: Part[] = [];
  let trimNext = false;
  for (;;) {
    const token = cursor.next;
    if (token.kind === 'literal') {
      cursor.take();
      let literal = unescaped(cursor, token, isQuote);
      if (trimNext) literal = literal.trimStart();
      trimNext = false;
      const before = parts.at(-1);
      // Line by line in a heredoc: lines are what is unindented.
      if (before?.kind === 'text' && isQuote) before.text += literal;
      else parts.push({ kind: 'text', text: literal, span: token });
    } else if (token.kind === 'interpolation' || token.kind === 'directive') {
      const before = parts.at(-1);
      if (token.text.endsWith('~') && before?.kind === 'text' && !trimNext) before.text = before.text.trimEnd();
      parts.push(sequenceOf(cursor));
      trimNext = cursor.next.text === '~}';
      if (cursor.next.kind !== 'end') {
        const hint =
          token.kind === 'interpolation' ? 'write $${ if it is meant for another language, such as a shell' : undefined;
        throw cursor.wrong(cursor.next, `"}" is missing here, where ${cursor.described()} is`, hint);
      }
      cursor.take();
    } else return parts;
  }
}

const directives = ['if', 'else', 'endif', 'for', 'endfor'] as const;

function sequenceOf(cursor: Cursor): Part {
  const open = cursor.take();
  return cursor.mindingNewlines(false, () => {
    const spanned = () => ({ start: open.start, end: cursor.next.end });
    if (open.kind === 'interpolation') {
      const expression = parseExpression(cursor);
      return { kind: 'value', expression, span: spanned() };
    }
    const word = cursor.next;
    if (word.kind === 'identifier') {
      switch (word.text) {
        case 'if': {
          cursor.take();
          const condition = parseExpression(cursor);
          return { kind: 'if', condition, span: spanned() };
        }
        case 'for': {
          const head = parseForHead(cursor);
          return { kind: 'for', head, span: spanned() };
        }
        case 'else':
        case 'endif':
        case 'endfor':
          cursor.take();
          return { kind: word.text, span: spanned() };
      }
    }
    const meant = word.kind === 'identifier' ? nearest(word.text, directives) : undefined;
    const hint = meant ? `did you mean %{${meant}}?` : `write one of ${directives.join(', ')}`;
    throw cursor.wrong(word, `${cursor.described()} is not a directive of a template`, hint);
  });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** A literal without its escapes; those with a backslash are a quote's. */
function unescaped(cursor: Cursor, token: Token, isQuote: boolean): string {
  return token.text.replace(
    isQuote ? /\$\$\{|%%\{|\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^])/g : /\$\$\{|%%\{/g,
    (found: string, offset: number) => {
      if (!found.startsWith('\\')) return found.slice(1);
      const span = { start: token.start + offset, end: token.start + offset + found.length };
      if (found.length > 2) {
        const code = Number.parseInt(found.slice(2), 16);
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
          throw cursor.wrong(span, `${found} is not a character`);
        return String.fromCodePoint(code);
      }
      const meant = escapes[found[1]!];
      if (meant !== undefined) return meant;
      throw cursor.wrong(span, `${found} is not an escape`, 'there are \\n \\r \\t \\" \\\\ \\uXXXX and \\UXXXXXXXX');
    },
  );
}

/** Takes the white space away that all lines of a heredoc begin with. */
function unindent(parts: readonly Part[]): void {
  let least = Number.POSITIVE_INFINITY;
  const lines: Extract<Part, { kind: 'text' }>[] = [];
  let lineStarts = true;
  for (const part of parts) {
    if (lineStarts) {
      lineStarts = false;
      if (part.kind !== 'text') least = 0;
      else if (part.text.trim() !== '' || !part.text.endsWith('\n')) {
        least = Math.min(least, part.text.length - part.text.trimStart().length);
        lines.push(part);
      }
    }
    if (part.kind === 'text' && part.text.endsWith('\n')) lineStarts = true;
  }
  for (const line of lines) line.text = line.text.slice(least);
}
