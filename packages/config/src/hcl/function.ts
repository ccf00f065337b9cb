// What a function is to the evaluator.

import type { SourceText } from './mistake.ts';
import type { Expression } from './syntax.ts';
import type { Type } from './type.ts';
import type { Value } from './value.ts';

export interface Parameter {
  readonly name: string;
  /** Arguments are converted to it. */
  readonly type: Type;
  readonly nullable?: boolean;
}

export interface HclFunction {
  readonly params: readonly Parameter[];
  /** Takes what is given beyond `params`. */
  readonly rest?: Parameter;
  /** Throws a `FunctionError` for arguments that it can't take. */
  call(args: readonly Value[]): Value;
}

/** A function that is given expressions, and evaluates those that it wants. */
export interface HclForm {
  /** How many it takes; at least so many where there is no `most`. */
  readonly least: number;
  readonly most?: number;
  /** `source` is the text that the expressions are of. */
  form(args: readonly Expression[], evaluate: (expression: Expression) => Value, source: SourceText): Value;
}

/** Why a function gives nothing: a sentence's end, and the argument that is to blame (counted from 0). */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  readonly argument: number | undefined;

  constructor(message: string, argument?: number) {
    super(message);
    this.argument = argument;
  }
}
