import { convert } from '../convert.ts';
import { FunctionError, type HclFunction } from '../function.ts';
import { isInteger, truncated } from '../number.ts';
import { stepInto } from '../steps.ts';
import { any, sameType, string, tupleType, typeName, type Type } from '../type.ts';
import { unify } from '../unify.ts';
import {
  elements,
  equal,
  fieldsOf,
  isMapping,
  isSequence,
  list,
  map,
  num,
  numOf,
  object,
  set,
  stringOf,
  text,
  truth,
  tuple,
  type Value,
} from '../value.ts';
import { anyLists, anything, fn, lists, numbers, param, texts, whole } from './parameters.ts';

const nullableAny = { name: 'vals', type: any, nullable: true } as const;

export const listFunctions: Readonly<Record<string, HclFunction>> = {
  chunklist: fn([...anyLists('list'), ...numbers('size')], chunks),
  coalesce: fn([], coalesce, nullableAny),
  coalescelist: fn([], coalesceList, nullableAny),
  compact: fn(lists('list'), (given) =>
    list(
      string,
      elements(given!).filter(({ is }) => is !== null && is !== ''),
    ),
  ),
  concat: fn([], concat, param('seqs', any)),
  contains: fn(anything('list', 'value'), (given, value) => {
    if (!isSequence(given!.type)) throw new FunctionError('the argument must be a list, tuple or set', 0);
    return truth(elements(given!).some((each) => equal(value!, each)));
  }),
  distinct: fn(anyLists('list'), (given) => {
    const kept: Value[] = [];
    for (const each of elements(given!)) if (!kept.some((other) => equal(other, each))) kept.push(each);
    return { type: given!.type, is: kept };
  }),
  element: fn([...anything('list'), ...numbers('index')], (given, index) => {
    const { type } = given!;
    if (type.kind !== 'list' && type.kind !== 'tuple')
      throw new FunctionError(`a ${typeName(type)} has no elements to choose by number`, 0);
    const items = elements(given!);
    if (items.length === 0) throw new FunctionError('the list is empty', 0);
    const at = whole(index!, 1) % items.length;
    return items[at < 0 ? at + items.length : at]!;
  }),
  flatten: fn(anything('list'), (given) => {
    if (!isSequence(given!.type)) throw new FunctionError('only lists, sets and tuples can be flattened', 0);
    return tuple(flat(given!));
  }),
  hasindex: fn(anything('collection', 'key'), (given, key) => truth(atIndex(given!, key!) !== undefined)),
  index: fn(anything('collection', 'key'), (given, key) => {
    const found = atIndex(given!, key!);
    if (found) return found;
    throw new FunctionError('there is no such element', 1);
  }),
  indexof: fn(anything('list', 'value'), (given, value) => {
    const { kind } = given!.type;
    if (kind !== 'list' && kind !== 'tuple') throw new FunctionError('the argument must be a list or tuple', 0);
    const items = elements(given!);
    if (items.length === 0) throw new FunctionError('an empty list cannot be searched', 0);
    const at = items.findIndex((each) => equal(each, value!));
    if (at < 0) throw new FunctionError('the value is not in the list', 1);
    return num(at);
  }),
  keys: fn(anything('inputMap'), (given) => {
    const names = mapping(given!, 0).map(([name]) => text(name));
    return given!.type.kind === 'map' ? list(string, names) : tuple(names);
  }),
  length: fn(anything('collection'), (given) => {
    if (!isSequence(given!.type) && given!.type.kind !== 'map')
      throw new FunctionError('the argument must be a list, a map or a tuple', 0);
    return num(elements(given!).length);
  }),
  lookup: fn([...anything('inputMap'), ...texts('key'), ...anything('default')], lookUp),
  merge: fn([], merge, { name: 'maps', type: any, nullable: true }),
  reverselist: fn(anything('list'), (given) => {
    const { type } = given!;
    if (!isSequence(type)) throw new FunctionError(`a ${typeName(type)} has no order that could be reversed`, 0);
    const items = [...elements(given!)].reverse();
    return type.kind === 'tuple' ? tuple(items) : list((type as { readonly of: Type }).of, items);
  }),
  setproduct: fn([], setProduct, param('sets', any)),
  slice: fn([...anything('list'), ...numbers('start_index', 'end_index')], slice),
  values: fn(anything('mapping'), (given) => {
    const items = mapping(given!, 0).map(([, value]) => value);
    return given!.type.kind === 'map' ? list(given!.type.of, items) : tuple(items);
  }),
  zipmap: fn([...lists('keys'), ...anything('values')], zipMap),
};

/** The value at an index, which must be of the very type that the collection is indexed by. */
function atIndex(collection: Value, key: Value): Value | undefined {
  const { kind } = collection.type;
  if (kind !== 'list' && kind !== 'tuple' && kind !== 'map')
    throw new FunctionError('the collection must be a list, a map or a tuple', 0);
  if (key.type.kind !== (kind === 'map' ? 'string' : 'number')) return undefined;
  if (kind !== 'map' && (!isInteger(numOf(key)) || truncated(numOf(key)) < 0n)) return undefined;
  const found = stepInto(collection, { kind: 'index', key, span: { start: 0, end: 0 } });
  return 'type' in found ? found : undefined;
}

function mapping(value: Value, argument: number): readonly (readonly [string, Value])[] {
  if (!isMapping(value.type)) throw new FunctionError('the argument must be a map or an object', argument);
  return [...fieldsOf(value)];
}

function chunks(...[given, size]: readonly Value[]): Value {
  const count = whole(size!, 1);
  if (count < 0) throw new FunctionError('the size must not be below zero', 1);
  const items = elements(given!);
  const { of } = given!.type as { readonly of: Type };
  if (count === 0) return list(given!.type, items.length === 0 ? [] : [given!]);
  const parts: Value[] = [];
  for (let at = 0; at < items.length; at += count) parts.push(list(of, items.slice(at, at + count)));
  return list(given!.type, parts);
}

function coalesce(...args: readonly Value[]): Value {
  const type = unify(
    args.map((each) => each.type),
    true,
  );
  if (!type) throw new FunctionError('all arguments must be of one type');
  const first = args.find(({ is }) => is !== null);
  if (!first) throw new FunctionError('all arguments are null');
  return convert(first, type);
}

function coalesceList(...args: readonly Value[]): Value {
  for (const [index, { type }] of args.entries())
    if (type.kind !== 'list' && type.kind !== 'tuple') throw new FunctionError('the arguments must be lists', index);
  const first = args.find((each) => each.is !== null && elements(each).length > 0);
  if (!first) throw new FunctionError('all lists are empty');
  return first;
}

function concat(...args: readonly Value[]): Value {
  if (args.length === 0) throw new FunctionError('at least one list is required');
  const types = args.map(({ type }) => type);
  for (const [index, type] of types.entries())
    if (type.kind !== 'list' && type.kind !== 'tuple')
      throw new FunctionError(`all arguments must be lists or tuples, not a ${typeName(type)}`, index);
  const common = types.every(({ kind }) => kind === 'list') ? unify(types, true) : undefined;
  if (common?.kind === 'list')
    return list(
      common.of,
      args.flatMap((each) => elements(convert(each, common))),
    );
  return tuple(args.flatMap(elements));
}

function flat(value: Value): readonly Value[] {
  return elements(value).flatMap((each) => (each.is !== null && isSequence(each.type) ? flat(each) : [each]));
}

function lookUp(...[given, key, otherwise]: readonly Value[]): Value {
  const { type } = given!;
  if (!isMapping(type)) throw new FunctionError('the argument must be a map', 0);
  const found = fieldsOf(given!).get(stringOf(key!));
  if (found) return found;
  return type.kind === 'map' ? convert(otherwise!, type.of) : otherwise!;
}

function merge(...args: readonly Value[]): Value {
  for (const [index, { type, is }] of args.entries())
    if (!isMapping(type) && is !== null)
      throw new FunctionError(`the arguments must be maps or objects, not a ${typeName(type)}`, index);
  const entries = args.flatMap((each) => (each.is === null ? [] : [...fieldsOf(each)]));
  const [first] = args;
  if (first?.type.kind === 'map' && args.every(({ type }) => sameType(type, first.type)))
    return map(first.type.of, entries);
  return object(entries);
}

/** Most combinations that a product may have. */
const mostCombinations = 100_000;

function setProduct(...args: readonly Value[]): Value {
  if (args.length < 2) throw new FunctionError('at least two sets are required');
  const types = args.map(({ type }, index): Type => {
    if (type.kind === 'list' || type.kind === 'set') return type.of;
    if (type.kind !== 'tuple') throw new FunctionError('a set or a list is required', index);
    const common = type.items.length === 0 ? any : unify(type.items, true);
    if (!common) throw new FunctionError('all elements must be of one type', index);
    return common;
  });
  let combinations: readonly (readonly Value[])[] = [[]];
  for (const [index, each] of args.entries()) {
    const items = elements(each);
    if (combinations.length * items.length > mostCombinations)
      throw new FunctionError(`these are more than ${mostCombinations} combinations`);
    combinations = combinations.flatMap((begun) => items.map((item) => [...begun, convert(item, types[index]!)]));
  }
  const of = tupleType(types);
  const tuples = combinations.map((items) => tuple(items));
  return args.some(({ type }) => type.kind === 'set') ? set(of, tuples) : list(of, tuples);
}

function slice(...[given, from, to]: readonly Value[]): Value {
  const { type } = given!;
  if (type.kind !== 'list' && type.kind !== 'tuple')
    throw new FunctionError(
      type.kind === 'set' ? 'a set has no order; convert it to a list' : 'the argument must be a list or tuple',
      0,
    );
  const items = elements(given!);
  const [start, end] = [whole(from!, 1), whole(to!, 2)];
  if (start < 0 || start > items.length) throw new FunctionError('the start lies outside of the list', 1);
  if (end < 0 || end > items.length) throw new FunctionError('the end lies outside of the list', 2);
  if (start > end) throw new FunctionError('the start lies behind the end', 1);
  const part = items.slice(start, end);
  return type.kind === 'tuple' ? tuple(part) : list(type.of, part);
}

function zipMap(...[names, values]: readonly Value[]): Value {
  const { type } = values!;
  if (type.kind !== 'list' && type.kind !== 'tuple') throw new FunctionError('the values must be a list or tuple', 1);
  const [keys, items] = [elements(names!), elements(values!)];
  if (keys.length !== items.length)
    throw new FunctionError(`there are ${keys.length} keys, and ${items.length} values`, 1);
  const entries = keys.map((key, index): [string, Value] => {
    if (key.is === null) throw new FunctionError(`key ${index} is null`, 0);
    return [stringOf(key), items[index]!];
  });
  return type.kind === 'tuple' ? object(entries) : map(type.of, entries);
}
