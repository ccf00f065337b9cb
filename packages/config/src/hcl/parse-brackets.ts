// Lists, objects, and what makes them of others.

import type { Cursor } from './cursor.ts';
import { made, parseExpression } from './parse-expression.ts';
import type { Expression, ObjectItem } from './syntax.ts';
import { text } from './value.ts';

/** `[a, b]` or `[for …]`. */
export function tupleOrFor(cursor: Cursor): Expression {
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

/** `{ a = b }` or `{for …}`. */
export function objectOrFor(cursor: Cursor): Expression {
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
