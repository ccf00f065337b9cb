// From a value to one in it.

import { nearest } from '@monokit/engine/std/nearest';
import { ConversionError, convert } from './convert.ts';
import { isInteger, truncated } from './number.ts';
import type { Step } from './syntax.ts';
import { number, string, typeName } from './type.ts';
import { elements, fieldsOf, isMapping, numOf, stringOf, type Value } from './value.ts';

/** The value at a step, or why there is none. */
export function stepInto(value: Value, step: Step): Value | { readonly message: string; readonly hint?: string } {
  const name = step.kind === 'field' ? JSON.stringify(step.name) : 'the index';
  if (value.is === null) return { message: `${name} is asked of a value that is null` };
  if (step.kind === 'field') return field(value, step.name);
  if (step.key.is === null) return { message: 'the index is null' };
  return indexed(value, step.key);
}

function field(value: Value, name: string): ReturnType<typeof stepInto> {
  if (!isMapping(value.type)) {
    const hint =
      value.type.kind === 'list' || value.type.kind === 'tuple' || value.type.kind === 'set'
        ? `write [0].${name} for its first element, or [*].${name} for all`
        : undefined;
    return { message: `a ${typeName(value.type)} has no ${name}`, ...(hint !== undefined && { hint }) };
  }
  const fields = fieldsOf(value);
  const found = fields.get(name);
  if (found) return found;
  const meant = nearest(name, fields.keys());
  return { message: `there is no ${JSON.stringify(name)} in it`, ...(meant && { hint: `did you mean ${meant}?` }) };
}

function indexed(value: Value, key: Value): ReturnType<typeof stepInto> {
  const { kind } = value.type;
  try {
    if (isMapping(value.type)) return field(value, stringOf(convert(key, string)));
    if (kind !== 'list' && kind !== 'tuple') {
      const hint = kind === 'set' ? 'a set has no order; convert it to a list' : undefined;
      return { message: `a ${typeName(value.type)} cannot be indexed`, ...(hint !== undefined && { hint }) };
    }
    const at = numOf(convert(key, number));
    const items = elements(value);
    if (!isInteger(at)) return { message: 'the index of a list must be a whole number' };
    const index = Number(truncated(at));
    if (index >= 0 && index < items.length) return items[index]!;
    const has = `has ${items.length} element${items.length === 1 ? '' : 's'}, counted from 0`;
    return { message: `there is no element ${index}: the list ${has}` };
  } catch (error) {
    if (error instanceof ConversionError) return { message: `this is not an index: ${error.message}` };
    throw error;
  }
}
