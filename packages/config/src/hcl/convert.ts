// What becomes of a value as another type.

import { canConvert, mismatch } from './can-convert.ts';
import { numberText, parseNumber } from './number.ts';
import { isPrimitive, objectType, sameType, type Type } from './type.ts';
import { unify } from './unify.ts';
import {
  elements,
  fieldsOf,
  list,
  map,
  nullOf,
  num,
  numOf,
  object,
  set,
  stringOf,
  text,
  truth,
  tuple,
  type Value,
} from './value.ts';

/** What stands in the way of a conversion. */
export class ConversionError extends Error {
  override readonly name = 'ConversionError';
}

/** A value as another type. Throws a `ConversionError` that ends a sentence: `a number is required`. */
export function convert(value: Value, to: Type): Value {
  if (to.kind === 'any' || sameType(value.type, to)) return withoutOptional(value, to);
  if (value.is === null) {
    if (!canConvert(value.type, to, true)) throw new ConversionError(mismatch(value.type, to));
    return nullOf(concrete(to, value.type));
  }
  const from = value.type;
  if (isPrimitive(from) && isPrimitive(to)) return primitive(value, to);
  if (to.kind === 'list' && (from.kind === 'list' || from.kind === 'set' || from.kind === 'tuple')) {
    const items = allOf(elements(value), to.of);
    return list(elementType(items, to.of, from), items);
  }
  if (to.kind === 'set' && (from.kind === 'list' || from.kind === 'set' || from.kind === 'tuple')) {
    const items = allOf(elements(value), to.of);
    return set(elementType(items, to.of, from), items);
  }
  if (to.kind === 'map' && (from.kind === 'map' || from.kind === 'object')) {
    const entries = [...fieldsOf(value)];
    const items = allOf(
      entries.map(([, item]) => item),
      to.of,
    );
    return map(
      elementType(items, to.of, from),
      entries.map(([name], index) => [name, items[index]!]),
    );
  }
  if (to.kind === 'tuple' && from.kind === 'tuple' && from.items.length === to.items.length) {
    return tuple(elements(value).map((item, index) => within(`[${index}]`, () => convert(item, to.items[index]!))));
  }
  if (to.kind === 'object' && (from.kind === 'object' || from.kind === 'map')) {
    const fields = fieldsOf(value);
    return object(
      [...to.fields].map(([name, type]) => {
        const field = fields.get(name);
        if (field !== undefined) return [name, within(`.${name}`, () => convert(field, type))];
        if (to.optional?.has(name)) return [name, nullOf(type)];
        throw new ConversionError(`attribute ${JSON.stringify(name)} is required`);
      }),
    );
  }
  throw new ConversionError(mismatch(from, to));
}

function primitive(value: Value, to: Type): Value {
  const from = value.type.kind;
  if (to.kind === 'string') return text(from === 'number' ? numberText(numOf(value)) : String(value.is));
  if (from === 'string' && to.kind === 'number') {
    let parsed: ReturnType<typeof parseNumber>;
    try {
      parsed = parseNumber(stringOf(value));
    } catch (error) {
      throw new ConversionError((error as Error).message);
    }
    if (parsed) return num(parsed);
    throw new ConversionError('a number is required');
  }
  if (from === 'string' && to.kind === 'bool') {
    const written = stringOf(value);
    if (written === 'true' || written === '1') return truth(true);
    if (written === 'false' || written === '0') return truth(false);
    const lower = written.toLowerCase();
    const hint = lower === 'true' || lower === 'false' ? `: write "${lower}" in small letters` : '';
    throw new ConversionError(`a bool is required${hint}`);
  }
  throw new ConversionError(mismatch(value.type, to));
}

/** Every item as one type; where that is `any`, as the type that fits them all. */
function allOf(items: readonly Value[], to: Type): readonly Value[] {
  const converted = items.map((item, index) => within(`[${index}]`, () => convert(item, to)));
  if (!hasAny(to)) return converted;
  const common = unify(
    converted.map(({ type }) => type),
    true,
  );
  if (converted.length > 0 && !common) throw new ConversionError('all elements must be of one type');
  return common ? converted.map((item) => convert(item, common)) : converted;
}

function elementType(items: readonly Value[], wanted: Type, from: Type): Type {
  if (!hasAny(wanted)) return wanted;
  if (items.length > 0) return items[0]!.type;
  return from.kind === 'list' || from.kind === 'set' || from.kind === 'map' ? from.of : wanted;
}

function hasAny(type: Type): boolean {
  switch (type.kind) {
    case 'any':
      return true;
    case 'list':
    case 'set':
    case 'map':
      return hasAny(type.of);
    case 'tuple':
      return type.items.some(hasAny);
    case 'object':
      return [...type.fields.values()].some(hasAny);
    default:
      return false;
  }
}

/** A constraint with what it leaves open taken from a type that fits it. */
function concrete(constraint: Type, from: Type): Type {
  if (constraint.kind === 'any') return from;
  if (
    (constraint.kind === 'list' || constraint.kind === 'set' || constraint.kind === 'map') &&
    constraint.kind === from.kind
  )
    return { kind: constraint.kind, of: concrete(constraint.of, from.of) };
  if (constraint.kind === 'object') return objectType(constraint.fields);
  return constraint;
}

function withoutOptional(value: Value, to: Type): Value {
  return to.kind === 'object' && value.type.kind === 'object' && value.type.optional
    ? { ...value, type: objectType(value.type.fields) }
    : value;
}

function within<T>(step: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    const inner = /^(?:\.|\[)/.test(error.message) ? error.message : `: ${error.message}`;
    throw new ConversionError(`${step}${inner}`);
  }
}
