// Which conversions between types are possible at all. `unsafe` ones may fail for a value, as that of a text to a number
// does.

import { isPrimitive, sameType, typeName, type Type } from './type.ts';

/** Whether a type can become another; with `unsafe`, whether some of its values can. */
export function canConvert(from: Type, to: Type, unsafe: boolean): boolean {
  if (to.kind === 'any' || sameType(from, to)) return true;
  if (from.kind === 'any') return unsafe;
  if (isPrimitive(from) && isPrimitive(to)) {
    if (to.kind === 'string') return true;
    return unsafe && from.kind === 'string';
  }
  switch (to.kind) {
    case 'list':
    case 'set':
      if (from.kind === 'tuple') return from.items.every((item) => canConvert(item, to.of, unsafe));
      if (from.kind === 'list' && to.kind === 'set' && !unsafe) return false;
      return (from.kind === 'list' || from.kind === 'set') && canConvert(from.of, to.of, unsafe);
    case 'map':
      if (from.kind === 'object') return [...from.fields.values()].every((field) => canConvert(field, to.of, unsafe));
      return from.kind === 'map' && canConvert(from.of, to.of, unsafe);
    case 'tuple':
      return (
        from.kind === 'tuple' &&
        from.items.length === to.items.length &&
        from.items.every((item, index) => canConvert(item, to.items[index]!, unsafe))
      );
    case 'object':
      if (from.kind === 'map')
        return unsafe && [...to.fields.values()].every((field) => canConvert(from.of, field, true));
      return (
        from.kind === 'object' &&
        [...to.fields].every(([name, field]) => {
          const own = from.fields.get(name);
          return own === undefined ? (to.optional?.has(name) ?? false) : canConvert(own, field, unsafe);
        })
      );
    default:
      return false;
  }
}

/** What stands between two types, as the end of a sentence. */
export function mismatch(from: Type, to: Type): string {
  if (to.kind === 'object' && from.kind === 'object') {
    const missing = [...to.fields.keys()].filter((name) => !from.fields.has(name) && !to.optional?.has(name));
    if (missing.length > 0) {
      const names = missing.map((name) => JSON.stringify(name)).join(', ');
      return missing.length > 1 ? `attributes ${names} are required` : `attribute ${names} is required`;
    }
  }
  if (to.kind === 'tuple' && from.kind === 'tuple' && from.items.length !== to.items.length)
    return `a tuple of ${to.items.length} elements is required, and this one has ${from.items.length}`;
  const name = typeName(to);
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name} is required, not ${typeName(from)}`;
}
