import { convert } from '../convert.ts';
import { FunctionError, type HclFunction } from '../function.ts';
import { any, setType, type Type } from '../type.ts';
import { unify } from '../unify.ts';
import { elements, equal, set, truth, type Value } from '../value.ts';
import { anything, fn, param, sets } from './parameters.ts';

type Combine = (a: readonly Value[], b: readonly Value[]) => readonly Value[];

const has = (items: readonly Value[], value: Value) => items.some((each) => equal(each, value));
const subtract: Combine = (a, b) => a.filter((each) => !has(b, each));
const intersect: Combine = (a, b) => a.filter((each) => has(b, each));
const unite: Combine = (a, b) => [...a, ...subtract(b, a)];

const folded = (combine: Combine) =>
  fn(sets('first_set'), (...args) => combined(args, combine), param('other_sets', setType(any)));

export const setFunctions: Readonly<Record<string, HclFunction>> = {
  sethaselement: fn([...sets('set'), ...anything('elem')], (given, value) => truth(has(elements(given!), value!))),
  setintersection: folded(intersect),
  setsubtract: fn(sets('a', 'b'), (...args) => combined(args, subtract)),
  setsymmetricdifference: folded((a, b) => [...subtract(a, b), ...subtract(b, a)]),
  setunion: folded(unite),
};

function combined(args: readonly Value[], combine: Combine): Value {
  const ofAll = args.map((each) => (each.type as { readonly of: Type }).of);
  const told = ofAll.filter((of, index) => of.kind !== 'any' || elements(args[index]!).length > 0);
  const of = told.length === 0 ? any : unify(told, true);
  if (!of) throw new FunctionError('the sets must have elements of one type');
  const [first, ...others] = args.map((each) => elements(convert(each, setType(of))));
  return set(of, others.reduce(combine, first!));
}
