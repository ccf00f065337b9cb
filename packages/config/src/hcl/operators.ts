import { ConversionError, convert } from './convert.ts';
import { FunctionError } from './function.ts';
import { add, compare, divide, modulo, multiply, negate, subtract, type Num } from './number.ts';
import type { BinaryOperator } from './syntax.ts';
import { bool, number, type Type } from './type.ts';
import { equal, num, numOf, truth, type Value } from './value.ts';

const arithmetic: Partial<Record<BinaryOperator, (a: Num, b: Num) => Num>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': modulo,
};

const orders: Partial<Record<BinaryOperator, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** An operator's result. Throws a `FunctionError` with the operand that it can't take, and a `RangeError`. */
export function operate(operator: BinaryOperator | '!', operands: readonly Value[]): Value {
  const [left, right] = operands;
  if (operator === '!') return truth(as(operator, operands, 0, bool).is !== true);
  if (!right) return num(negate(numOf(as(operator, operands, 0, number))));
  if (operator === '==') return truth(equal(left!, right));
  if (operator === '!=') return truth(!equal(left!, right));
  if (operator === '&&' || operator === '||') {
    const [a, b] = [as(operator, operands, 0, bool).is === true, as(operator, operands, 1, bool).is === true];
    return truth(operator === '&&' ? a && b : a || b);
  }
  const [a, b] = [numOf(as(operator, operands, 0, number)), numOf(as(operator, operands, 1, number))];
  const order = orders[operator];
  if (order) return truth(order(compare(a, b)));
  return num(arithmetic[operator]!(a, b));
}

function as(operator: string, operands: readonly Value[], index: number, type: Type): Value {
  try {
    const value = convert(operands[index]!, type);
    if (value.is !== null) return value;
  } catch (error) {
    if (error instanceof ConversionError)
      throw new FunctionError(`${operator} cannot take this: ${error.message}`, index);
    throw error;
  }
  throw new FunctionError(`${operator} cannot take null`, index);
}
