// Parameters by their types, and arguments as what JavaScript computes with.

import { FunctionError, type HclFunction, type Parameter } from '../function.ts';
import { isInteger, truncated } from '../number.ts';
import { any, bool, listType, number, setType, string, type Type } from '../type.ts';
import { numOf, type Value } from '../value.ts';

export const texts = (...names: readonly string[]) => names.map((name): Parameter => ({ name, type: string }));
export const numbers = (...names: readonly string[]) => names.map((name): Parameter => ({ name, type: number }));
export const bools = (...names: readonly string[]) => names.map((name): Parameter => ({ name, type: bool }));
export const anything = (...names: readonly string[]) => names.map((name): Parameter => ({ name, type: any }));
export const nullable = (...names: readonly string[]) =>
  names.map((name): Parameter => ({ name, type: any, nullable: true }));
export const lists = (...names: readonly string[]) =>
  names.map((name): Parameter => ({ name, type: listType(string) }));
export const anyLists = (...names: readonly string[]) =>
  names.map((name): Parameter => ({ name, type: listType(any) }));
export const sets = (...names: readonly string[]) => names.map((name): Parameter => ({ name, type: setType(any) }));
export const param = (name: string, type: Type): Parameter => ({ name, type });

/** A function of values. */
export function fn(
  params: readonly Parameter[],
  call: (...args: readonly Value[]) => Value,
  rest?: Parameter,
): HclFunction {
  return { params, ...(rest && { rest }), call: (args) => call(...args) };
}

/** A whole number that fits into a JavaScript one. Throws a `FunctionError`. */
export function whole(value: Value, argument?: number): number {
  const given = numOf(value);
  const exact = Number(truncated(given));
  if (isInteger(given) && Number.isSafeInteger(exact)) return exact;
  throw new FunctionError('a whole number is required', argument);
}
