import { canConvert } from './can-convert.ts';
import { any, listType, mapType, objectType, sameType, tupleType, type Type } from './type.ts';

/**
 * The one type that all of these can become, or undefined if there is none: objects of the same fields an object, else a
 * map; tuples of one length a tuple, else a list; others the one of them that is the most general.
 */
export function unify(types: readonly Type[], unsafe: boolean): Type | undefined {
  const [first] = types;
  if (!first) return undefined;
  if (types.every((type) => sameType(type, first))) return first;
  const known = types.filter(({ kind }) => kind !== 'any');
  const all = (...kinds: readonly Type['kind'][]) =>
    known.length > 0 && known.every(({ kind }) => kinds.includes(kind));
  const some = (kind: Type['kind']) => known.some((type) => type.kind === kind);
  for (const kind of ['map', 'list', 'set'] as const) {
    if (!all(kind)) continue;
    if (known.length < types.length) return any;
    const of = unify(
      known.map((type) => (type as { readonly of: Type }).of),
      unsafe,
    );
    return of && { kind, of };
  }
  if (all('map', 'object') && some('map')) {
    const of = unify(known.flatMap(partsOf), unsafe);
    if (of && known.length === types.length) return mapType(of);
  }
  if (all('list', 'tuple') && some('list')) {
    const of = unify(known.flatMap(partsOf), unsafe);
    if (of && known.length === types.length) return listType(of);
  }
  if (all('object') || all('tuple')) {
    if (known.length < types.length) return any;
    const shaped = all('object') ? unifyObjects(known, unsafe) : unifyTuples(known, unsafe);
    if (shaped !== 'differ') return shaped;
    const of = unify(known.flatMap(partsOf), unsafe);
    const whole = of && (all('object') ? mapType(of) : listType(of));
    return whole && types.every((type) => canConvert(type, whole, unsafe)) ? whole : undefined;
  }
  if (some('object') && some('tuple')) return undefined;
  const general = [...types].sort((a, b) => rank(a) - rank(b));
  return general.find((wanted) => types.every((type) => canConvert(type, wanted, unsafe)));
}

function partsOf(type: Type): readonly Type[] {
  if (type.kind === 'object') return [...type.fields.values()];
  if (type.kind === 'tuple') return type.items;
  return type.kind === 'list' || type.kind === 'set' || type.kind === 'map' ? [type.of] : [];
}

function unifyObjects(types: readonly Type[], unsafe: boolean): Type | undefined | 'differ' {
  const all = types as readonly Extract<Type, { kind: 'object' }>[];
  const names = [...all[0]!.fields.keys()];
  if (all.some(({ fields }) => fields.size !== names.length || names.some((name) => !fields.has(name))))
    return 'differ';
  const fields: [string, Type][] = [];
  for (const name of names) {
    const type = unify(
      all.map((each) => each.fields.get(name)!),
      unsafe,
    );
    if (!type) return undefined;
    fields.push([name, type]);
  }
  return objectType(fields);
}

function unifyTuples(types: readonly Type[], unsafe: boolean): Type | undefined | 'differ' {
  const all = types as readonly Extract<Type, { kind: 'tuple' }>[];
  const { length } = all[0]!.items;
  if (all.some(({ items }) => items.length !== length)) return 'differ';
  const items: Type[] = [];
  for (let i = 0; i < length; i++) {
    const type = unify(
      all.map((each) => each.items[i]!),
      unsafe,
    );
    if (!type) return undefined;
    items.push(type);
  }
  return tupleType(items);
}

/** The more general first: what others can become. */
function rank({ kind }: Type): number {
  return ['any', 'string', 'number', 'bool', 'list', 'set', 'map', 'tuple', 'object'].indexOf(kind);
}
