// A value of HCL with its type. Values are never changed.

import { compare, fromInteger, numberText, type Num } from './number.ts';
import {
  any,
  bool,
  listType,
  mapType,
  number,
  objectType,
  sameType,
  setType,
  string,
  tupleType,
  type Type,
} from './type.ts';

export interface Value {
  readonly type: Type;
  /** By type: a string, a number, a boolean, an array, or a map in the order of its keys. Null for any type's null. */
  readonly is: null | string | boolean | Num | readonly Value[] | ReadonlyMap<string, Value>;
}

export function text(is: string): Value {
  return { type: string, is };
}

export function num(is: Num | number): Value {
  return { type: number, is: typeof is === 'number' ? fromInteger(is) : is };
}

export const yes: Value = { type: bool, is: true };
export const no: Value = { type: bool, is: false };

export function truth(is: boolean): Value {
  return is ? yes : no;
}

export function nullOf(type: Type): Value {
  return { type, is: null };
}

export const untypedNull: Value = nullOf(any);

export function tuple(is: readonly Value[]): Value {
  return { type: tupleType(is.map(({ type }) => type)), is };
}

export function list(of: Type, is: readonly Value[]): Value {
  return { type: listType(of), is };
}

/** Without repeats, in order. */
export function set(of: Type, items: readonly Value[]): Value {
  const is: Value[] = [];
  for (const item of items) if (!is.some((other) => equal(item, other))) is.push(item);
  is.sort(inSet);
  return { type: setType(of), is };
}

export function object(entries: Iterable<readonly [string, Value]>): Value {
  const is = inOrder(entries);
  return { type: objectType([...is].map(([name, { type }]) => [name, type])), is };
}

export function map(of: Type, entries: Iterable<readonly [string, Value]>): Value {
  return { type: mapType(of), is: inOrder(entries) };
}

/** The elements of a list, set or tuple, or the values of a map or object; the value must be one that isn't null. */
export function elements({ is }: Value): readonly Value[] {
  return is instanceof Map ? [...(is as ReadonlyMap<string, Value>).values()] : (is as readonly Value[]);
}

export function fieldsOf({ is }: Value): ReadonlyMap<string, Value> {
  return is as ReadonlyMap<string, Value>;
}

export function stringOf({ is }: Value): string {
  return is as string;
}

export function numOf({ is }: Value): Num {
  return is as Num;
}

export function isSequence({ kind }: Type): boolean {
  return kind === 'list' || kind === 'set' || kind === 'tuple';
}

export function isMapping({ kind }: Type): boolean {
  return kind === 'map' || kind === 'object';
}

/** Whether two values are the same; those of different types never are, except two nulls. */
export function equal(a: Value, b: Value): boolean {
  if (a.is === null || b.is === null) return a.is === b.is;
  if (!sameType(a.type, b.type)) return false;
  if (a.type.kind === 'number') return compare(numOf(a), numOf(b)) === 0;
  if (a.is instanceof Map) {
    const [mine, others] = [fieldsOf(a), fieldsOf(b)];
    return (
      mine.size === others.size &&
      [...mine].every(([name, value]) => others.has(name) && equal(value, others.get(name)!))
    );
  }
  if (Array.isArray(a.is)) {
    const [mine, others] = [elements(a), elements(b)];
    return mine.length === others.length && mine.every((value, index) => equal(value, others[index]!));
  }
  return a.is === b.is;
}

/** Texts in the order of their bytes, which is that of their code points. */
export function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const [first, second] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    return first === second ? x - y : first ? 1 : -1;
  }
  return a.length - b.length;
}

function inOrder(entries: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> {
  const last = new Map(entries);
  return new Map([...last].sort(([a], [b]) => byCodePoints(a, b)));
}

function inSet(a: Value, b: Value): number {
  if (a.type.kind === 'string' && typeof a.is === 'string' && typeof b.is === 'string') return byCodePoints(a.is, b.is);
  if (a.type.kind === 'number' && a.is !== null && b.is !== null) return compare(numOf(a), numOf(b));
  if (a.type.kind === 'bool') return Number(a.is === true) - Number(b.is === true);
  const [left, right] = [orderKey(a), orderKey(b)];
  return byCodePoints(left, right);
}

/** A text that orders what has no order of its own, the same on each machine. */
function orderKey({ type, is }: Value): string {
  if (is === null) return 'null';
  if (type.kind === 'number') return numberText(is as Num);
  if (is instanceof Map)
    return [...(is as ReadonlyMap<string, Value>)].map(([k, v]) => `${k}=${orderKey(v)}`).join('\0');
  return Array.isArray(is) ? (is as readonly Value[]).map(orderKey).join('\0') : String(is);
}
