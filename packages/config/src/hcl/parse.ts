// A file of HCL: attributes (`name = value`) and blocks (`type "label" { … }`).

import { Cursor } from './cursor.ts';
import { mistake, type SourceText, type Span } from './mistake.ts';
import { parseExpression } from './parse-expression.ts';
import { parseBareTemplate } from './parse-template.ts';
import type { Attribute, Block, Body, Expression, Label } from './syntax.ts';
import { tokensOf } from './tokens.ts';

/** Reads a file. Throws a `HclMistake` at the first thing that is wrong. */
export function parseHcl(source: SourceText): Body {
  const cursor = new Cursor(source, tokensOf(source));
  return body(cursor, undefined);
}

/** Reads a text that is one expression. */
export function parseSingleExpression(source: SourceText): Expression {
  const cursor = new Cursor(source, tokensOf(source));
  const expression = cursor.mindingNewlines(false, () => parseExpression(cursor));
  if (cursor.mindingNewlines(false, () => cursor.next.kind) !== 'eof')
    throw cursor.wrong(cursor.next, `nothing can follow the expression; here is ${cursor.described()}`);
  return expression;
}

/** Reads a text that is a template as a whole. */
export function parseWholeTemplate(source: SourceText): Expression {
  const cursor = new Cursor(source, tokensOf(source, 'bare'));
  const template = parseBareTemplate(cursor, { start: 0, end: source.text.length });
  if (cursor.next.kind !== 'eof') throw cursor.wrong(cursor.next, `${cursor.described()} has no meaning here`);
  return template;
}

function body(cursor: Cursor, opened: Span | undefined): Body {
  const attributes = new Map<string, Attribute>();
  const blocks: Block[] = [];
  for (;;) {
    const token = cursor.next;
    if (token.kind === 'newline') {
      cursor.take();
      continue;
    }
    if (token.kind === 'eof') {
      if (opened) throw cursor.wrong(opened, 'this block has no closing "}"');
      break;
    }
    if (opened && cursor.isMark('}')) break;
    if (token.kind !== 'identifier') {
      const quoted = token.kind === 'open' ? 'a name is written without quotes here' : undefined;
      throw cursor.wrong(token, quoted ?? `an argument or a block is missing; here is ${cursor.described()}`);
    }
    cursor.take();
    if (cursor.isMark('=')) {
      const attribute = argument(cursor, token);
      if (attributes.has(attribute.name))
        throw cursor.wrong(token, `${attribute.name} is set twice here; each argument is set once`);
      attributes.set(attribute.name, attribute);
      endOfLine(cursor, opened !== undefined);
    } else {
      blocks.push(block(cursor, token.text, token));
      endOfLine(cursor, false);
    }
  }
  return { source: cursor.source, attributes: [...attributes.values()], blocks };
}

function argument(cursor: Cursor, name: Span & { readonly text: string }): Attribute {
  cursor.take();
  return { name: name.text, nameSpan: { start: name.start, end: name.end }, expression: parseExpression(cursor) };
}

function endOfLine(cursor: Cursor, inBlock: boolean): void {
  const { next } = cursor;
  if (next.kind === 'newline' || next.kind === 'eof' || (inBlock && cursor.isMark('}'))) return;
  const hint = cursor.isMark(',') ? 'arguments are separated by lines, not by commas' : undefined;
  throw cursor.wrong(next, `a new line is missing here, before ${cursor.described()}`, hint);
}

function block(cursor: Cursor, type: string, typeSpan: Span): Block {
  const labels: Label[] = [];
  for (;;) {
    const token = cursor.next;
    if (token.kind === 'identifier') {
      cursor.take();
      labels.push({ text: token.text, span: token });
    } else if (token.kind === 'open' && token.text === '"') labels.push(quotedLabel(cursor));
    else break;
  }
  if (!cursor.isMark('{')) {
    const what = labels.length > 0 ? `"{" is missing after the block's labels` : `"=" or "{" is missing after ${type}`;
    throw cursor.wrong(cursor.next, `${what}; here is ${cursor.described()}`);
  }
  const open = cursor.take();
  return cursor.nested(() => {
    const inner = body(cursor, open);
    cursor.expect('}', 'at the end of the block');
    return { type, typeSpan: { start: typeSpan.start, end: typeSpan.end }, labels, body: inner };
  });
}

function quotedLabel(cursor: Cursor): Label {
  const open = cursor.next;
  const expression = parseExpression(cursor);
  const span = { start: open.start, end: cursor.end };
  const [only] = expression.kind === 'template' ? expression.parts : [];
  if (expression.kind !== 'template' || expression.parts.length !== 1 || only?.kind !== 'literal')
    throw mistake(cursor.source, span, 'a label is a plain text without ${…}');
  return { text: String(only.value.is), span };
}
