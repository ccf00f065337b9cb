// Expressions, from the loosest binding to the tightest.

import type { Cursor } from './cursor.ts';
import type { Span } from './mistake.ts';
import { parseNumber } from './number.ts';
import { objectOrFor, tupleOrFor } from './parse-brackets.ts';
import { steps } from './parse-steps.ts';
import { parseTemplate } from './parse-template.ts';
import type { BinaryOperator, Expression } from './syntax.ts';
import { untypedNull, no, num, yes, type Value } from './value.ts';

/** Expressions in each other that a chain of operators or steps may make. */
const deepest = 600;

/** How tightly operators bind. */
const strengths: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '>': 4,
  '>=': 4,
  '<': 4,
  '<=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};

export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => {
    const condition = binary(cursor, 1);
    if (!cursor.accept('?')) return condition;
    const whenTrue = parseExpression(cursor);
    cursor.expect(':', 'between what is given if the condition is true and if it is false');
    const whenFalse = parseExpression(cursor);
    const span = { start: condition.span.start, end: whenFalse.span.end };
    return made(cursor, { kind: 'conditional', condition, yes: whenTrue, no: whenFalse, span }, [
      condition,
      whenTrue,
      whenFalse,
    ]);
  });
}

type Undeepened<T> = T extends unknown ? Omit<T, 'depth'> : never;

/** An expression with its depth. */
export function made(cursor: Cursor, expression: Undeepened<Expression>, inner: readonly Expression[]): Expression {
  const depth = 1 + inner.reduce((most, each) => Math.max(most, each.depth), 0);
  if (depth > deepest) throw cursor.wrong(expression.span, 'this expression is too long to be evaluated');
  return { ...expression, depth } as Expression;
}

function binary(cursor: Cursor, weakest: number): Expression {
  let left = term(cursor);
  for (;;) {
    const { next } = cursor;
    const operator = next.text as BinaryOperator;
    const strength = next.kind === 'mark' && Object.hasOwn(strengths, operator) ? strengths[operator] : 0;
    if (strength < weakest || strength === 0) return left;
    cursor.take();
    const right = cursor.nested(() => binary(cursor, strength + 1));
    const span = { start: left.span.start, end: right.span.end };
    left = made(cursor, { kind: 'binary', operator, left, right, span }, [left, right]);
  }
}

function term(cursor: Cursor): Expression {
  return steps(cursor, primary(cursor));
}

function primary(cursor: Cursor): Expression {
  const token = cursor.next;
  switch (token.kind) {
    case 'number':
      cursor.take();
      return made(cursor, { kind: 'literal', value: numeral(cursor, token.text, token), span: token }, []);
    case 'open':
      return parseTemplate(cursor);
    case 'identifier':
      return named(cursor);
    case 'mark':
      switch (token.text) {
        case '(':
          return parenthesised(cursor);
        case '[':
          return tupleOrFor(cursor);
        case '{':
          return objectOrFor(cursor);
        case '-':
        case '!': {
          const { text: operator } = cursor.take() as { readonly text: '-' | '!' };
          const operand = cursor.nested(() => term(cursor));
          const span = { start: token.start, end: operand.span.end };
          return made(cursor, { kind: 'unary', operator, operand, span }, [operand]);
        }
      }
  }
  throw cursor.wrong(token, `a value is missing; here is ${cursor.described()}`);
}

function numeral(cursor: Cursor, written: string, span: Span): Value {
  try {
    const value = parseNumber(written);
    if (value) return num(value);
  } catch (error) {
    throw cursor.wrong(span, (error as Error).message);
  }
  throw cursor.wrong(span, `${written} is not a number`);
}

const constants: Readonly<Record<string, Value>> = { true: yes, false: no, null: untypedNull };

function named(cursor: Cursor): Expression {
  const token = cursor.take();
  if (cursor.isMark('(') || cursor.isMark('::')) return call(cursor, token.text, token);
  if (Object.hasOwn(constants, token.text))
    return made(cursor, { kind: 'literal', value: constants[token.text]!, span: token }, []);
  return made(cursor, { kind: 'traversal', root: token.text, rootSpan: token, steps: [], span: token }, []);
}

function call(cursor: Cursor, first: string, { start }: Span): Expression {
  let name = first;
  while (cursor.accept('::')) {
    const part = cursor.take();
    if (part.kind !== 'identifier') throw cursor.wrong(part, 'the name of a function is missing after ::');
    name += `::${part.text}`;
  }
  const nameSpan = { start, end: cursor.end };
  return cursor.mindingNewlines(false, () => {
    cursor.expect('(', `after the name of the function ${name}`);
    const args: Expression[] = [];
    let expand = false;
    while (!cursor.isMark(')')) {
      args.push(parseExpression(cursor));
      if (cursor.accept('...')) {
        expand = true;
        break;
      }
      if (!cursor.accept(',')) break;
    }
    cursor.expect(')', `after the arguments of ${name}`);
    const span = { start, end: cursor.end };
    return made(cursor, { kind: 'call', name, nameSpan, args, expand, span }, args);
  });
}

function parenthesised(cursor: Cursor): Expression {
  const open = cursor.take();
  return cursor.mindingNewlines(false, () => {
    const inner = parseExpression(cursor);
    cursor.expect(')', 'after the expression in parentheses');
    return made(cursor, { kind: 'parentheses', inner, span: { start: open.start, end: cursor.end } }, [inner]);
  });
}
