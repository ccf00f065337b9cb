// Values as JSON, as Go writes it: HTML's marks are escaped, keys are in order.

import { goJson } from '@monokit/engine/std/go-json';
import { convert } from './convert.ts';
import { FunctionError } from './function.ts';
import { parseJson, type Json } from './json.ts';
import { HclMistake } from './mistake.ts';
import { numberText, parseNumber, type Num } from './number.ts';
import type { Type } from './type.ts';
import { elements, fieldsOf, num, object, text, truth, tuple, untypedNull, type Value } from './value.ts';

/** A value as JSON. */
export function jsonText(value: Value): string {
  const { is } = value;
  if (is === null) return 'null';
  if (typeof is === 'boolean') return String(is);
  if (typeof is === 'string') return goJson(is);
  if (is instanceof Map)
    return `{${[...fieldsOf(value)].map(([name, each]) => `${goJson(name)}:${jsonText(each)}`).join(',')}}`;
  if (Array.isArray(is)) return `[${elements(value).map(jsonText).join(',')}]`;
  return numberText(is as Num);
}

/** The value that a JSON text describes. Throws a `FunctionError`. */
export function fromJsonText(written: string): Value {
  try {
    return valueOf(parseJson({ file: '', text: written }));
  } catch (error) {
    if (error instanceof HclMistake) throw new FunctionError(`this is not JSON: ${error.message}`, 0);
    throw error;
  }
}

/** As `fromJsonText`, of a type. Throws a `ConversionError` as well. */
export function fromJsonOf(written: string, type: Type): Value {
  return convert(fromJsonText(written), type);
}

function valueOf(json: Json): Value {
  switch (json.kind) {
    case 'null':
      return untypedNull;
    case 'boolean':
      return truth(json.value);
    case 'number':
      return num(parseNumber(json.text)!);
    case 'string':
      return text(json.value);
    case 'array':
      return tuple(json.items.map(valueOf));
    case 'object':
      return object(json.members.map(({ name, value }) => [name, valueOf(value)]));
  }
}
