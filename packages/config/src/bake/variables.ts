// Variables of bake files: their types, defaults, and the texts that take the defaults' place.

import { splitCsv } from '@monokit/engine/std/csv';
import { ConversionError, convert } from '../hcl/convert.ts';
import { FunctionError } from '../hcl/function.ts';
import { fromJsonOf, jsonText } from '../hcl/json-value.ts';
import { mistake, type SourceText, type Span } from '../hcl/mistake.ts';
import { numberText, numOfText } from '../hcl/number.ts';
import type { Block, Expression } from '../hcl/syntax.ts';
import { typeFrom } from '../hcl/type-expression.ts';
import { isPrimitive, typeName, type Type } from '../hcl/type.ts';
import { list, map, nullOf, num, numOf, set, text, truth, tuple, type Value } from '../hcl/value.ts';
import type { BakeVariable } from './definition.ts';

export interface Variable {
  readonly name: string;
  readonly span: Span;
  readonly source: SourceText;
  /** As it was declared; its value's own where nothing is said. */
  readonly type: Type | undefined;
  readonly default: Expression | undefined;
  readonly description: Expression | undefined;
  readonly validations: readonly { readonly condition: Expression; readonly message: Expression }[];
}

/** Reads a `variable` block. Throws a `HclMistake`. */
export function variableFrom({ labels, typeSpan, body }: Block): Variable {
  const { source } = body;
  const found = new Map(body.attributes.map((attribute) => [attribute.name, attribute.expression]));
  const type = found.get('type');
  const isNull = type?.kind === 'literal' && type.value.is === null;
  return {
    name: labels[0]?.text ?? '',
    span: labels[0]?.span ?? typeSpan,
    source,
    type: type && !isNull ? typeFrom(type, source) : undefined,
    default: found.get('default'),
    description: found.get('description'),
    validations: body.blocks
      .filter((block) => block.type === 'validation')
      .map((block) => {
        const parts = new Map(block.body.attributes.map((attribute) => [attribute.name, attribute.expression]));
        const [condition, message] = [parts.get('condition'), parts.get('error_message')];
        if (condition && message) return { condition, message };
        const missing = condition ? 'error_message' : 'condition';
        throw mistake(source, block.typeSpan, `the validation has no ${missing}`);
      }),
  };
}

export interface VariableTexts {
  readonly given: (expression: Expression) => Value;
  readonly lookUp: (name: string) => string | undefined;
  /** Whether a name is a variable's own, so that it is no JSON for another one. */
  readonly isTaken: (name: string) => boolean;
}

/** The value of a variable: a text given for it, read as its type, or else its default. Throws a `HclMistake`. */
export function overriddenValue(variable: Variable, { given, lookUp, isTaken }: VariableTexts): Value {
  const { name, type, source, span } = variable;
  let value: Value | undefined;
  if (variable.default) {
    value = given(variable.default);
    if (type) {
      try {
        value = convert(value, type);
      } catch (error) {
        if (!(error instanceof ConversionError)) throw error;
        const message = `the default of ${name} is no ${typeName(type)}: ${error.message.replace(/^: /, '')}`;
        throw mistake(source, variable.default.span, message);
      }
    }
  }
  const plain = lookUp(name);
  const json = isTaken(`${name}_JSON`) || (plain !== undefined && !type) ? undefined : lookUp(`${name}_JSON`);
  const written = json ?? plain;
  if (written === undefined) return value ?? (type ? nullOf(type) : text(''));
  try {
    if (json !== undefined && type) return fromJsonOf(json, type);
    return valueFrom(written, type ?? (variable.default ? value!.type : { kind: 'string' }), type !== undefined);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof ConversionError || error instanceof FunctionError))
      throw error;
    const as = json === undefined ? '' : '_JSON';
    throw mistake(source, span, `${name}${as} is ${JSON.stringify(written)}: ${error.message.replace(/^: /, '')}`);
  }
}

/** A text as a type: lists, sets, maps and tuples are CSV where the type was declared. Throws a `TypeError`. */
function valueFrom(written: string, type: Type, declared: boolean): Value {
  if (isPrimitive(type)) return primitive(written, type);
  if (type.kind === 'any') return text(written);
  const hint = 'give it as JSON, in a variable whose name ends in _JSON';
  if (!declared || type.kind === 'object') throw new TypeError(`a ${typeName(type)} cannot be read from this; ${hint}`);
  let fields: readonly string[];
  try {
    fields = splitCsv(written);
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: error });
  }
  const item = (field: string, of: Type) => {
    if (isPrimitive(of)) return primitive(field, of);
    throw new TypeError(`a ${typeName(type)} cannot be read from CSV; ${hint}`);
  };
  if (type.kind === 'tuple') {
    const { items } = type;
    if (items.length !== fields.length)
      throw new TypeError(`${items.length} values are required, not ${fields.length}`);
    return tuple(fields.map((field, index) => item(field, items[index]!)));
  }
  const { of } = type;
  if (type.kind === 'list')
    return list(
      of,
      fields.map((field) => item(field, of)),
    );
  if (type.kind === 'set')
    return set(
      of,
      fields.map((field) => item(field, of)),
    );
  return map(
    of,
    fields.map((field) => {
      const colon = field.indexOf(':');
      if (colon < 0) throw new TypeError(`${JSON.stringify(field)} is not key:value`);
      return [field.slice(0, colon), item(field.slice(colon + 1), of)];
    }),
  );
}

function primitive(written: string, { kind }: Type): Value {
  if (kind === 'string') return text(written);
  if (kind === 'bool') {
    if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(written)) return truth(true);
    if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(written)) return truth(false);
    throw new TypeError('this is neither true nor false');
  }
  const value = numOfText(written);
  if (!value) throw new TypeError('this is not a number');
  return num(value);
}

/** What `--list variables` tells of a variable. */
export function listed({ name, type }: Variable, value: Value, description: string | undefined): BakeVariable {
  const told = value.is === null ? undefined : plainText(value);
  return {
    name,
    ...(description && { description }),
    ...(type && { type: type.kind === 'any' ? 'any type' : typeName(type) }),
    ...(told !== undefined && { value: told }),
  };
}

function plainText(value: Value): string {
  if (value.type.kind === 'string') return value.is as string;
  return value.type.kind === 'number' ? numberText(numOf(value)) : jsonText(value);
}
