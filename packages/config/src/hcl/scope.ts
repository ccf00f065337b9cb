import type { HclForm, HclFunction } from './function.ts';
import type { SourceText, Span } from './mistake.ts';
import type { Step } from './syntax.ts';
import type { Value } from './value.ts';

/** What names mean where an expression stands. */
export interface Scope {
  /** The value of a variable; undefined if there is none. Throws a `HclMistake` if it can't be evaluated. */
  variable(name: string): Value | undefined;
  /**
   * A name that is no value by itself but has values in it, of which only the one that is asked for is evaluated: the
   * value that the first steps lead to, and how many steps those are.
   */
  within?(
    name: string,
    steps: readonly Step[],
    at: { readonly source: SourceText; readonly span: Span },
  ): { readonly value: Value; readonly taken: number } | undefined;
  function(name: string): HclFunction | HclForm | undefined;
  /** Known names, to suggest. */
  names(): Iterable<string>;
  functionNames(): Iterable<string>;
}

/** A scope with some more variables. */
export function scopeWith(outer: Scope, variables: ReadonlyMap<string, Value>): Scope {
  return {
    variable: (name) => variables.get(name) ?? outer.variable(name),
    within: (name, steps, at) => (variables.has(name) ? undefined : outer.within?.(name, steps, at)),
    function: (name) => outer.function(name),
    names: () => [...variables.keys(), ...outer.names()],
    functionNames: () => outer.functionNames(),
  };
}
