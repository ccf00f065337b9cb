import type { Cursor } from './cursor.ts';
import type { Span } from './mistake.ts';
import { made, parseExpression } from './parse-expression.ts';
import type { Expression, Step } from './syntax.ts';
import { num, type Value } from './value.ts';

/** What follows a value: `.name`, `[key]`, `.*`, `[*]`. */
export function steps(cursor: Cursor, from: Expression): Expression {
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
