// Expressions, from the loosest binding to the tightest.
import type { Cursor } from './cursor.ts';
import type { Span } from './mistake.ts';
import { parseNumber } from './number.ts';
import { parseTemplate } from './parse-template.ts';
import type { BinaryOperator, Expression, ObjectItem, Step } from './syntax.ts';
import { untypedNull, no, num, text, yes, type Value } from './value.ts';

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

/** What follows a value: `.name`, `[key]`, `.*`, `[*]`. */
function steps(cursor: Cursor, from: Expression): Expression {
  let value = from;
  for (;;) {
    if (cursor.isMark('.')) {
      const dot = cursor.take();
      if (cursor.isMark('*')) {
        cursor.take();
        let each = itemAt(cursor, dot.start);
        while (cursor.isMark('.')) each = stepped(cursor, each, fieldStep(cursor, cursor.take()));
        value = splat(cursor, value, each);
      } else value = stepped(cursor, value, fieldStep(cursor, dot));
    } else if (cursor.isMark('[')) {
      const open = cursor.take();
      if (cursor.isMark('*')) {
        cursor.take();
        cursor.expect(']', 'after [*');
        const item = itemAt(cursor, open.start);
        value = splat(
          cursor,
          value,
          cursor.nested(() => steps(cursor, item)),
        );
        continue;
      }
      const key = cursor.mindingNewlines(false, () => {
        const inner = parseExpression(cursor);
        cursor.expect(']', 'after the index');
        return inner;
      });
      const span = { start: open.start, end: cursor.end };
      const constant = constantOf(key);
      if (constant) value = stepped(cursor, value, { kind: 'index', key: constant, span });
      else {
        const whole = { start: value.span.start, end: span.end };
        value = made(cursor, { kind: 'index', of: value, key, span: whole }, [value, key]);
      }
    } else return value;
  }
}

function itemAt(cursor: Cursor, start: number): Expression {
  return made(cursor, { kind: 'item', span: { start, end: cursor.end } }, []);
}

function splat(cursor: Cursor, of: Expression, each: Expression): Expression {
  const span = { start: of.span.start, end: cursor.end };
  return made(cursor, { kind: 'splat', of, each, span }, [of, each]);
}

function fieldStep(cursor: Cursor, dot: Span): Step {
  const token = cursor.next;
  const span = { start: dot.start, end: token.end };
  if (token.kind === 'identifier') {
    cursor.take();
    return { kind: 'field', name: token.text, span };
  }
  // An older way to write [0].
  if (token.kind === 'number' && /^\d+$/.test(token.text)) {
    cursor.take();
    return { kind: 'index', key: num(Number(token.text)), span };
  }
  const hint = token.kind === 'number' ? `write [${token.text.replaceAll('.', '][')}]` : undefined;
  throw cursor.wrong(token, `a name is missing after the dot; here is ${cursor.described()}`, hint);
}

function stepped(cursor: Cursor, value: Expression, step: Step): Expression {
  const span = { start: value.span.start, end: step.span.end };
  if (value.kind === 'traversal' || value.kind === 'relative') return { ...value, span, steps: [...value.steps, step] };
  return made(cursor, { kind: 'relative', of: value, steps: [step], span }, [value]);
}

/** The value of a key that is written out. */
function constantOf(key: Expression): Value | undefined {
  if (key.kind === 'literal') return key.value;
  const [only] = key.kind === 'template' ? key.parts : [];
  return key.kind === 'template' && key.parts.length === 1 && only?.kind === 'literal' ? only.value : undefined;
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
  throw cursor.wrong(span, `${written} is no number`);
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

function tupleOrFor(cursor: Cursor): Expression {
  const open = cursor.take();
  return cursor.mindingNewlines(false, () => {
    if (cursor.isWord('for')) return forExpression(cursor, open.start, ']');
    const items: Expression[] = [];
    while (!cursor.isMark(']')) {
      items.push(parseExpression(cursor));
      if (!cursor.accept(',')) break;
    }
    cursor.expect(']', 'after the items of the list (or a comma between them)');
    return made(cursor, { kind: 'tuple', items, span: { start: open.start, end: cursor.end } }, items);
  });
}

function objectOrFor(cursor: Cursor): Expression {
  const open = cursor.take();
  const isFor = cursor.mindingNewlines(false, () => cursor.isWord('for'));
  if (isFor) return cursor.mindingNewlines(false, () => forExpression(cursor, open.start, '}'));
  return cursor.mindingNewlines(true, () => {
    const items: ObjectItem[] = [];
    for (;;) {
      while (cursor.next.kind === 'newline') cursor.take();
      if (cursor.accept('}')) break;
      if (cursor.next.kind === 'eof') throw cursor.wrong(open, 'this object has no closing "}"');
      const key = objectKey(cursor);
      if (!cursor.isMark('=') && !cursor.isMark(':')) {
        const hint = cursor.next.kind === 'identifier' ? 'write a name that has dots or spaces in quotes' : undefined;
        throw cursor.wrong(cursor.next, `"=" is missing after the key; here is ${cursor.described()}`, hint);
      }
      cursor.take();
      items.push({ key, value: parseExpression(cursor) });
      if (cursor.isMark('}') || cursor.accept(',') || cursor.isNewline()) continue;
      throw cursor.wrong(cursor.next, `a comma or a new line is missing; here is ${cursor.described()}`);
    }
    const span = { start: open.start, end: cursor.end };
    return made(
      cursor,
      { kind: 'object', items, span },
      items.flatMap(({ key, value }) => [key, value]),
    );
  });
}

/** A key: a name stands for itself, anything in parentheses is evaluated. */
function objectKey(cursor: Cursor): Expression {
  const evaluated = cursor.isMark('(');
  const { next } = cursor;
  const key = parseExpression(cursor);
  if (evaluated) return key;
  if (key.kind === 'literal' && next.kind === 'identifier')
    return made(cursor, { kind: 'literal', value: text(next.text), span: key.span }, []);
  if (key.kind !== 'traversal') return key;
  if (key.steps.length > 0) {
    const hint = 'write it in quotes if it is a name, or in parentheses if it is a value';
    throw cursor.wrong(key.span, 'a key with dots could be a name or a value', hint);
  }
  return made(cursor, { kind: 'literal', value: text(key.root), span: key.span }, []);
}

/** What follows `for`, until the closing bracket: `[for k, v in list : v if k > 0]`, `{for v in list : v.id => v...}`. */
function forExpression(cursor: Cursor, start: number, close: ']' | '}'): Expression {
  const head = parseForHead(cursor);
  cursor.expect(':', 'after what is iterated over');
  let value = parseExpression(cursor);
  let key: Expression | undefined;
  if (close === '}') {
    if (!cursor.isMark('=>')) throw cursor.wrong(cursor.next, 'a for that makes an object needs "key => value"');
    cursor.take();
    key = value;
    value = parseExpression(cursor);
  } else if (cursor.isMark('=>')) {
    throw cursor.wrong(cursor.next, 'a for that makes a list has no keys', 'write { } around it to make an object');
  }
  const ellipsis = cursor.next;
  const group = cursor.accept('...');
  if (group && close === ']') throw cursor.wrong(ellipsis, 'only the values of an object can be grouped with ...');
  let condition: Expression | undefined;
  if (cursor.isWord('if')) {
    cursor.take();
    condition = parseExpression(cursor);
  }
  cursor.expect(close, 'after the for expression');
  const span = { start, end: cursor.end };
  return made(
    cursor,
    { kind: 'for', ...head, ...(key && { key }), value, ...(condition && { condition }), group, span },
    [head.over, value, ...(key ? [key] : []), ...(condition ? [condition] : [])],
  );
}

/** `for k, v in collection`. */
export function parseForHead(cursor: Cursor): {
  readonly keyName?: string;
  readonly valueName: string;
  readonly over: Expression;
} {
  cursor.take();
  const name = () => {
    const token = cursor.take();
    if (token.kind !== 'identifier')
      throw cursor.wrong(token, `a name is missing after for; here is ${cursor.described(token)}`);
    return token.text;
  };
  const first = name();
  const second = cursor.accept(',') ? name() : undefined;
  if (!cursor.isWord('in'))
    throw cursor.wrong(cursor.next, `"in" is missing after the names of for; here is ${cursor.described()}`);
  cursor.take();
  const over = parseExpression(cursor);
  return second === undefined ? { valueName: first, over } : { keyName: first, valueName: second, over };
}
