// What expressions are worth. All mistakes in an expression are found, not only the first.

import { nearest } from '@monokit/engine/std/nearest';
import { ConversionError, convert } from './convert.ts';
import { FunctionError } from './function.ts';
import { collected, HclMistake, mistake, type SourceText, type Span } from './mistake.ts';
import { operate } from './operators.ts';
import { scopeWith, type Scope } from './scope.ts';
import { stepInto } from './steps.ts';
import type { Expression, Step } from './syntax.ts';
import { bool, sameType, string, typeName, type Type } from './type.ts';
import { unify } from './unify.ts';
import {
  elements,
  fieldsOf,
  isMapping,
  isSequence,
  list,
  num,
  object,
  stringOf,
  text,
  tuple,
  truth,
  type Value,
} from './value.ts';

/** The value of an expression of a text. Throws a `HclMistake` with all that is wrong. */
export function evaluate(expression: Expression, source: SourceText, scope: Scope): Value {
  return new Evaluation(source).value(expression, scope);
}

class Evaluation {
  readonly #source: SourceText;
  /** What `item` is, inside of splats. */
  readonly #items: Value[] = [];

  constructor(source: SourceText) {
    this.#source = source;
  }

  value(expression: Expression, scope: Scope): Value {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'wrapped':
      case 'parentheses':
        return this.value(expression.inner, scope);
      case 'template':
        return this.#template(
          collected(expression.parts, (part) => ({ value: this.value(part, scope), span: part.span })),
        );
      case 'joined':
        return this.#template(
          elements(this.value(expression.items, scope)).map((value) => ({ value, span: expression.span })),
        );
      case 'traversal':
        return this.#traversal(expression, scope);
      case 'relative':
        return this.#steps(this.value(expression.of, scope), expression.steps);
      case 'index': {
        const [of, key] = this.#all([expression.of, expression.key], scope) as [Value, Value];
        return this.#steps(of, [{ kind: 'index', key, span: expression.key.span }]);
      }
      case 'splat':
        return this.#splat(expression, scope);
      case 'item':
        return this.#items.at(-1)!;
      case 'call':
        return this.#call(expression, scope);
      case 'conditional':
        return this.#conditional(expression, scope);
      case 'binary':
      case 'unary':
        return this.#operation(expression, scope);
      case 'tuple':
        return tuple(this.#all(expression.items, scope));
      case 'object':
        return this.#object(expression, scope);
      case 'for':
        return this.#for(expression, scope);
    }
  }

  #all(expressions: readonly Expression[], scope: Scope): readonly Value[] {
    return collected(expressions, (each) => this.value(each, scope));
  }

  #wrong(span: Span, message: string, hint?: string): HclMistake {
    return mistake(this.#source, span, message, hint);
  }

  #as(value: Value, type: Type, span: Span, what: string): Value {
    try {
      return convert(value, type);
    } catch (error) {
      if (error instanceof ConversionError) throw this.#wrong(span, `${what}: ${error.message.replace(/^: /, '')}`);
      throw error;
    }
  }

  #template(parts: readonly { readonly value: Value; readonly span: Span }[]): Value {
    const texts = collected(parts, ({ value, span }) => {
      if (value.is === null) throw this.#wrong(span, 'a null cannot be put into a text');
      return stringOf(this.#as(value, string, span, 'this value cannot be put into a text'));
    });
    return text(texts.join(''));
  }

  #traversal({ root, rootSpan, steps, span }: Extract<Expression, { kind: 'traversal' }>, scope: Scope): Value {
    const inner = scope.within?.(root, steps, { source: this.#source, span });
    if (inner) return this.#steps(inner.value, steps.slice(inner.taken));
    const value = scope.variable(root);
    if (value) return this.#steps(value, steps);
    const meant = nearest(root, scope.names());
    throw this.#wrong(rootSpan, `there is no variable ${root}`, meant && `did you mean ${meant}?`);
  }

  #steps(from: Value, steps: readonly Step[]): Value {
    return steps.reduce((value, step) => {
      const next = stepInto(value, step);
      if (typeof next === 'object' && 'type' in next) return next;
      throw this.#wrong(step.span, next.message, next.hint);
    }, from);
  }

  #splat({ of, each, span }: Extract<Expression, { kind: 'splat' }>, scope: Scope): Value {
    const source = this.value(of, scope);
    const isList = isSequence(source.type);
    if (source.is === null) {
      if (!isList) return tuple([]);
      throw this.#wrong(of.span, 'this list is null, and * needs its elements');
    }
    const items = collected(isList ? elements(source) : [source], (item) => {
      this.#items.push(item);
      try {
        return this.value(each, scope);
      } finally {
        this.#items.pop();
      }
    });
    if (source.type.kind !== 'list' && source.type.kind !== 'set') return tuple(items);
    const [first] = items;
    if (!first) return list(source.type.of, []);
    if (items.every(({ type }) => sameType(type, first.type))) return list(first.type, items);
    throw this.#wrong(span, 'the elements have values of different types here', 'use a for expression instead');
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: Scope): Value {
    const { name, nameSpan, args: written, expand, span } = expression;
    const found = scope.function(name);
    if (!found) {
      const meant = nearest(name, scope.functionNames());
      throw this.#wrong(nameSpan, `there is no function ${name}`, meant && `did you mean ${meant}?`);
    }
    if ('form' in found) {
      if (expand || written.length < found.least || written.length > (found.most ?? Number.POSITIVE_INFINITY)) {
        const count = found.most === found.least ? found.least : `at least ${found.least}`;
        throw this.#wrong(span, `${name} takes ${count} argument${count === 1 ? '' : 's'}`);
      }
      return this.#blaming(expression, () => found.form(written, (each) => this.value(each, scope), this.#source));
    }
    const values = [...this.#all(written, scope)];
    if (expand) {
      const last = values.pop()!;
      const at = written.at(-1)!.span;
      if (last.is === null || !isSequence(last.type)) throw this.#wrong(at, 'only a list can be given with ...');
      values.push(...elements(last));
    }
    const { params, rest } = found;
    if (values.length < params.length) {
      const missing = params[values.length]!.name;
      const count = `${rest ? 'at least ' : ''}${params.length} argument${params.length === 1 ? '' : 's'}`;
      throw this.#wrong(span, `${name} takes ${count}; ${missing} is missing`);
    }
    if (values.length > params.length && !rest)
      throw this.#wrong(
        (written[params.length] ?? written.at(-1)!).span,
        `${name} takes only ${params.length} argument${params.length === 1 ? '' : 's'}`,
      );
    const given = collected(values.entries(), ([index, value]) => {
      const param = params[index] ?? rest!;
      const at = (written[index] ?? written.at(-1)!).span;
      const converted = this.#as(value, param.type, at, `${name} cannot take this as ${param.name}`);
      if (converted.is === null && !param.nullable) throw this.#wrong(at, `${name} cannot take null as ${param.name}`);
      return converted;
    });
    return this.#blaming(expression, () => found.call(given));
  }

  /** What a function throws is the mistake of its argument, or of the call. */
  #blaming({ name, args, span }: Extract<Expression, { kind: 'call' }>, run: () => Value): Value {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof FunctionError || error instanceof ConversionError || error instanceof RangeError))
        throw error;
      const argument = error instanceof FunctionError ? error.argument : undefined;
      const at = argument === undefined ? span : (args[argument] ?? args.at(-1))?.span;
      throw this.#wrong(at ?? span, `${name}: ${error.message.replace(/^: /, '')}`);
    }
  }

  #conditional({ condition, yes, no }: Extract<Expression, { kind: 'conditional' }>, scope: Scope): Value {
    const [whenTrue, whenFalse] = [this.#attempt(yes, scope), this.#attempt(no, scope)];
    const decided = this.value(condition, scope);
    if (decided.is === null) throw this.#wrong(condition.span, 'the condition is null, neither true nor false');
    const isTrue = this.#as(decided, bool, condition.span, 'this is not a condition').is === true;
    const [chosen, other] = isTrue ? [whenTrue, whenFalse] : [whenFalse, whenTrue];
    if (chosen instanceof HclMistake) throw chosen;
    if (other instanceof HclMistake) return chosen;
    const untyped = ({ is, type }: Value) => is === null && type.kind === 'any';
    if (untyped(other)) return chosen;
    if (untyped(chosen)) return convert(chosen, other.type);
    const common = unify([chosen.type, other.type], true);
    if (!common) {
      const [first, second] = isTrue ? [chosen, other] : [other, chosen];
      const types = `${typeName(first.type)} and ${typeName(second.type)}`;
      const span = { start: yes.span.start, end: no.span.end };
      throw this.#wrong(span, `both results of a condition must be of one type, not of ${types}`);
    }
    return this.#as(chosen, common, isTrue ? yes.span : no.span, 'the results of the condition differ in type');
  }

  #attempt(expression: Expression, scope: Scope): Value | HclMistake {
    try {
      return this.value(expression, scope);
    } catch (error) {
      if (error instanceof HclMistake) return error;
      throw error;
    }
  }

  #operation(expression: Extract<Expression, { kind: 'binary' | 'unary' }>, scope: Scope): Value {
    const { operator, span } = expression;
    const operands = expression.kind === 'binary' ? [expression.left, expression.right] : [expression.operand];
    if (operator === '&&' || operator === '||') {
      // One operand may decide, whatever is wrong with the other one.
      const decides = operator === '||';
      const values = operands.map((each) => this.#attempt(each, scope));
      for (const [index, value] of values.entries()) {
        if (value instanceof HclMistake) continue;
        if (this.#as(value, bool, operands[index]!.span, `${operator} needs true or false`).is === decides)
          return truth(decides);
      }
      const problems = values.flatMap((value) => (value instanceof HclMistake ? value.problems : []));
      if (problems.length > 0) throw new HclMistake(problems);
    }
    const values = this.#all(operands, scope);
    try {
      return operate(operator, values);
    } catch (error) {
      if (error instanceof FunctionError)
        throw this.#wrong(error.argument === undefined ? span : operands[error.argument]!.span, error.message);
      if (error instanceof RangeError) throw this.#wrong(span, error.message);
      throw error;
    }
  }

  #object({ items }: Extract<Expression, { kind: 'object' }>, scope: Scope): Value {
    return object(
      collected(items, ({ key, value }): [string, Value] => {
        const [name, entry] = this.#all([key, value], scope) as [Value, Value];
        if (name.is === null) throw this.#wrong(key.span, 'null cannot be a key');
        return [stringOf(this.#as(name, string, key.span, 'this cannot be a key')), entry];
      }),
    );
  }

  #for(expression: Extract<Expression, { kind: 'for' }>, scope: Scope): Value {
    const { keyName, valueName, over, key, value, condition, group } = expression;
    const source = this.value(over, scope);
    if (source.is === null) throw this.#wrong(over.span, 'this is null, and for needs its elements');
    if (!isSequence(source.type) && !isMapping(source.type))
      throw this.#wrong(over.span, `a ${typeName(source.type)} has no elements to go through`);
    const entries: [Value, Value][] = isMapping(source.type)
      ? [...fieldsOf(source)].map(([name, each]) => [text(name), each])
      : elements(source).map((each, index) => [source.type.kind === 'set' ? each : num(index), each]);
    const rounds = collected(entries, ([at, each]): readonly { readonly name?: string; readonly made: Value }[] => {
      const inner = scopeWith(
        scope,
        new Map([...(keyName === undefined ? [] : [[keyName, at] as const]), [valueName, each]]),
      );
      if (condition) {
        const included = this.value(condition, inner);
        if (included.is === null) throw this.#wrong(condition.span, 'the condition is null, neither true nor false');
        if (this.#as(included, bool, condition.span, 'this is not a condition').is !== true) return [];
      }
      if (!key) return [{ made: this.value(value, inner) }];
      const [name, made] = this.#all([key, value], inner) as [Value, Value];
      if (name.is === null) throw this.#wrong(key.span, 'null cannot be a key');
      return [{ name: stringOf(this.#as(name, string, key.span, 'this cannot be a key')), made }];
    }).flat();
    if (!key) return tuple(rounds.map(({ made }) => made));
    const groups = Map.groupBy(rounds, ({ name }) => name!);
    return object(
      [...groups].map(([name, same]): [string, Value] => {
        if (group) return [name, tuple(same.map(({ made }) => made))];
        if (same.length > 1) {
          const hint = 'write ... after the value to make a list of those of one key';
          throw this.#wrong(key.span, `two elements have the key ${JSON.stringify(name)}`, hint);
        }
        return [name, same[0]!.made];
      }),
    );
  }
}
