import { FunctionError, type HclFunction } from '../function.ts';
import {
  add,
  compare,
  divide,
  floor,
  fromDouble,
  fromInteger,
  isInteger,
  modulo,
  multiply,
  negate,
  subtract,
  toDouble,
  truncated,
  zero,
  type Num,
} from '../number.ts';
import { number, string, typeName } from '../type.ts';
import { list, num, numOf, stringOf, type Value } from '../value.ts';
import { anything, fn, numbers, param, whole } from './parameters.ts';

const one = (run: (a: Num) => Num) => fn(numbers('num'), (a) => num(run(numOf(a!))));
const two = (run: (a: Num, b: Num) => Num) => fn(numbers('a', 'b'), (a, b) => num(run(numOf(a!), numOf(b!))));
const best = (better: (order: number) => boolean) =>
  fn(
    [],
    (...args) => {
      if (args.length === 0) throw new FunctionError('at least one number is required');
      return args.reduce((most, each) => (better(compare(numOf(each), numOf(most))) ? each : most));
    },
    param('numbers', number),
  );

export const numberFunctions: Readonly<Record<string, HclFunction>> = {
  absolute: one((a) => (a.mantissa < 0n ? negate(a) : a)),
  add: two(add),
  ceil: one((a) => (isInteger(a) ? a : { ...fromInteger(floor(a) + 1n), precision: a.precision })),
  divide: two(divide),
  floor: one((a) => (isInteger(a) ? a : { ...fromInteger(floor(a)), precision: a.precision })),
  int: one((a) => (isInteger(a) ? a : fromInteger(truncated(a)))),
  log: fn(numbers('num', 'base'), (a, b) =>
    num(fromDouble(Math.log(toDouble(numOf(a!))) / Math.log(toDouble(numOf(b!))))),
  ),
  max: best((order) => order > 0),
  min: best((order) => order < 0),
  modulo: two(modulo),
  multiply: two(multiply),
  negate: one(negate),
  parseint: fn([...anything('number'), ...numbers('base')], (written, base) => parseInteger(written!, whole(base!, 1))),
  pow: fn(numbers('num', 'power'), (a, b) => num(fromDouble(toDouble(numOf(a!)) ** toDouble(numOf(b!))))),
  range: fn([], (...args) => range(args.map(numOf)), param('params', number)),
  signum: fn(numbers('num'), (a) => num(Math.sign(whole(a!, 0)))),
  subtract: two(subtract),
};

const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

function parseInteger(written: Value, base: number): Value {
  if (written.type.kind !== string.kind)
    throw new FunctionError(`the first argument must be a text, not a ${typeName(written.type)}`, 0);
  if (base < 2 || base > 62) throw new FunctionError('the base must be between 2 and 62', 1);
  const text = stringOf(written);
  const [, sign, letters = ''] = /^([+-]?)([0-9A-Za-z]+)$/.exec(text) ?? [];
  let value = 0n;
  for (const letter of letters) {
    // Up to base 36 capitals are the same as small letters; beyond they are 36 more.
    const isCapital = letter >= 'A' && letter <= 'Z';
    const digit = digits.indexOf(letter.toLowerCase()) + (isCapital && base > 36 ? 26 : 0);
    if (digit >= base) throw notInBase(text, base);
    value = value * BigInt(base) + BigInt(digit);
  }
  if (letters === '') throw notInBase(text, base);
  return num(fromInteger(sign === '-' ? -value : value));
}

function notInBase(text: string, base: number): FunctionError {
  return new FunctionError(`${JSON.stringify(text)} is not a whole number of base ${base}`, 0);
}

/** Most numbers that a range may have. */
const most = 1024;

function range(params: readonly Num[]): Value {
  const [first, second, third] = params;
  if (!first || params.length > 3) throw new FunctionError('one, two or three numbers are required');
  const [start, end] = second ? [first, second] : [zero, first];
  const step = third ?? fromInteger(compare(end, start) < 0 ? -1 : 1);
  const down = step.mantissa < 0n;
  if (step.mantissa === 0n) throw new FunctionError('the step must not be zero', 2);
  if (down ? compare(end, start) > 0 : compare(end, start) < 0)
    throw new FunctionError(`the end is ${down ? 'above' : 'below'} the start, and the step goes the other way`, 1);
  const values: Value[] = [];
  for (let at = start; down ? compare(at, end) > 0 : compare(at, end) < 0; at = add(at, step)) {
    if (values.length >= most) throw new FunctionError(`a range has at most ${most} numbers`);
    values.push(num(at));
  }
  return list(number, values);
}
