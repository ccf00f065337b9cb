import type { HclFunction } from '../function.ts';
import { operate } from '../operators.ts';
import type { BinaryOperator } from '../syntax.ts';
import { bools, fn, nullable, numbers } from './parameters.ts';

const compared = (operator: BinaryOperator) => fn(numbers('a', 'b'), (...args) => operate(operator, args));

export const logicFunctions: Readonly<Record<string, HclFunction>> = {
  and: fn(bools('a', 'b'), (...args) => operate('&&', args)),
  equal: fn(nullable('a', 'b'), (...args) => operate('==', args)),
  greaterthan: compared('>'),
  greaterthanorequalto: compared('>='),
  lessthan: compared('<'),
  lessthanorequalto: compared('<='),
  not: fn(bools('val'), (...args) => operate('!', args)),
  notequal: fn(nullable('a', 'b'), (...args) => operate('!=', args)),
  or: fn(bools('a', 'b'), (...args) => operate('||', args)),
};
