// Functions that are given expressions: what fails in them is theirs to judge.

import { convert } from '../convert.ts';
import { FunctionError, type HclForm, type HclFunction } from '../function.ts';
import { HclMistake } from '../mistake.ts';
import { typeFrom } from '../type-expression.ts';
import { any } from '../type.ts';
import { truth, type Value } from '../value.ts';

export const forms: Readonly<Record<string, HclForm>> = {
  can: {
    least: 1,
    most: 1,
    form: ([only], evaluate) => {
      try {
        evaluate(only!);
        return truth(true);
      } catch (error) {
        if (error instanceof HclMistake) return truth(false);
        throw error;
      }
    },
  },
  convert: {
    least: 2,
    most: 2,
    form: ([value, type], evaluate, source) => convert(evaluate(value!), typeFrom(type!, source)),
  },
  try: {
    least: 1,
    form: (args, evaluate) => {
      const failures: string[] = [];
      for (const each of args) {
        try {
          return evaluate(each);
        } catch (error) {
          if (!(error instanceof HclMistake)) throw error;
          failures.push(error.message);
        }
      }
      throw new FunctionError(`no expression succeeded: ${failures.join('; ')}`);
    },
  },
};

/** Functions of buffers, which no function of bake makes: whatever they are given is none. */
export const bufferFunctions: Readonly<Record<string, HclFunction>> = {
  byteslen: { params: [{ name: 'buf', type: any }], call: noBuffer },
  bytesslice: { params: ['buf', 'offset', 'length'].map((name) => ({ name, type: any })), call: noBuffer },
};

function noBuffer(): Value {
  throw new FunctionError(
    'a buffer of bytes is required, and nothing makes one here; for texts there are strlen and substr',
    0,
  );
}
