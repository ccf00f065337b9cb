// Conversions between types: which are possible at all, and what becomes of a value. `unsafe` ones may fail for a
// value, as that of a text to a number does.
import { numberText, parseNumber } from './number.ts';
import { any, isPrimitive, listType, mapType, objectType, sameType, tupleType, typeName, type Type } from './type.ts';
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

/** Whether a type can become another; with `unsafe`, whether some of its values can. */
export function canConvert(from: Type, to: Type, unsafe: boolean): boolean {
  if (to.kind === 'any' || sameType(from, to)) return true;
  if (from.kind === 'any') return unsafe;
  if (isPrimitive(from) && isPrimitive(to)) {
    if (to.kind === 'string') return true;
    return unsafe && from.kind === 'string';
  }
  switch (to.kind) {
    case 'list':
    case 'set':
      if (from.kind === 'tuple') return from.items.every((item) => canConvert(item, to.of, unsafe));
      if (from.kind === 'list' && to.kind === 'set' && !unsafe) return false;
      return (from.kind === 'list' || from.kind === 'set') && canConvert(from.of, to.of, unsafe);
    case 'map':
      if (from.kind === 'object') return [...from.fields.values()].every((field) => canConvert(field, to.of, unsafe));
      return from.kind === 'map' && canConvert(from.of, to.of, unsafe);
    case 'tuple':
      return (
        from.kind === 'tuple' &&
        from.items.length === to.items.length &&
        from.items.every((item, index) => canConvert(item, to.items[index]!, unsafe))
      );
    case 'object':
      if (from.kind === 'map')
        return unsafe && [...to.fields.values()].every((field) => canConvert(from.of, field, true));
      return (
        from.kind === 'object' &&
        [...to.fields].every(([name, field]) => {
          const own = from.fields.get(name);
          return own === undefined ? (to.optional?.has(name) ?? false) : canConvert(own, field, unsafe);
        })
      );
    default:
      return false;
  }
}

/** What stands between two types, as the end of a sentence. */
export function mismatch(from: Type, to: Type): string {
  if (to.kind === 'object' && from.kind === 'object') {
    const missing = [...to.fields.keys()].filter((name) => !from.fields.has(name) && !to.optional?.has(name));
    if (missing.length > 0) {
      const names = missing.map((name) => JSON.stringify(name)).join(', ');
      return missing.length > 1 ? `attributes ${names} are required` : `attribute ${names} is required`;
    }
  }
  if (to.kind === 'tuple' && from.kind === 'tuple' && from.items.length !== to.items.length)
    return `a tuple of ${to.items.length} elements is required, and this one has ${from.items.length}`;
  const name = typeName(to);
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} is required, not ${typeName(from)}`;
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

/**
 * The one type that all of these can become, or undefined if there is none: objects of the same fields an object, else a
 * map; tuples of one length a tuple, else a list; others the one of them that is the most general.
 */
export function unify(types: readonly Type[], unsafe: boolean): Type | undefined {
  const [first] = types;
  if (!first) return undefined;
  if (types.every((type) => sameType(type, first))) return first;
  const known = types.filter(({ kind }) => kind !== 'any');
  const all = (...kinds: readonly Type['kind'][]) =>
    known.length > 0 && known.every(({ kind }) => kinds.includes(kind));
  const some = (kind: Type['kind']) => known.some((type) => type.kind === kind);
  for (const kind of ['map', 'list', 'set'] as const) {
    if (!all(kind)) continue;
    if (known.length < types.length) return any;
    const of = unify(
      known.map((type) => (type as { readonly of: Type }).of),
      unsafe,
    );
    return of && { kind, of };
  }
  if (all('map', 'object') && some('map')) {
    const of = unify(known.flatMap(partsOf), unsafe);
    if (of && known.length === types.length) return mapType(of);
  }
  if (all('list', 'tuple') && some('list')) {
    const of = unify(known.flatMap(partsOf), unsafe);
    if (of && known.length === types.length) return listType(of);
  }
  if (all('object') || all('tuple')) {
    if (known.length < types.length) return any;
    const shaped = all('object') ? unifyObjects(known, unsafe) : unifyTuples(known, unsafe);
    if (shaped !== 'differ') return shaped;
    const of = unify(known.flatMap(partsOf), unsafe);
    const whole = of && (all('object') ? mapType(of) : listType(of));
    return whole && types.every((type) => canConvert(type, whole, unsafe)) ? whole : undefined;
  }
  if (some('object') && some('tuple')) return undefined;
  const general = [...types].sort((a, b) => rank(a) - rank(b));
  return general.find((wanted) => types.every((type) => canConvert(type, wanted, unsafe)));
}

function partsOf(type: Type): readonly Type[] {
  if (type.kind === 'object') return [...type.fields.values()];
  if (type.kind === 'tuple') return type.items;
  return type.kind === 'list' || type.kind === 'set' || type.kind === 'map' ? [type.of] : [];
}

function unifyObjects(types: readonly Type[], unsafe: boolean): Type | undefined | 'differ' {
  const all = types as readonly Extract<Type, { kind: 'object' }>[];
  const names = [...all[0]!.fields.keys()];
  if (all.some(({ fields }) => fields.size !== names.length || names.some((name) => !fields.has(name))))
    return 'differ';
  const fields: [string, Type][] = [];
  for (const name of names) {
    const type = unify(
      all.map((each) => each.fields.get(name)!),
      unsafe,
    );
    if (!type) return undefined;
    fields.push([name, type]);
  }
  return objectType(fields);
}

function unifyTuples(types: readonly Type[], unsafe: boolean): Type | undefined | 'differ' {
  const all = types as readonly Extract<Type, { kind: 'tuple' }>[];
  const { length } = all[0]!.items;
  if (all.some(({ items }) => items.length !== length)) return 'differ';
  const items: Type[] = [];
  for (let i = 0; i < length; i++) {
    const type = unify(
      all.map((each) => each.items[i]!),
      unsafe,
    );
    if (!type) return undefined;
    items.push(type);
  }
  return tupleType(items);
}

/** The more general first: what others can become. */
function rank({ kind }: Type): number {
  return ['any', 'string', 'number', 'bool', 'list', 'set', 'map', 'tuple', 'object'].indexOf(kind);
}
