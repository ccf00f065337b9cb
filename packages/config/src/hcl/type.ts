// The types of HCL's values. A sequence or mapping written in the text is a tuple or an object, whose elements may be of
// any types; conversions make lists, sets and maps of them, whose elements are all of one.

export type Type =
  | { readonly kind: 'string' }
  | { readonly kind: 'number' }
  | { readonly kind: 'bool' }
  /** Of a null whose type nobody knows; as a constraint, any type. */
  | { readonly kind: 'any' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly of: Type }
  | { readonly kind: 'tuple'; readonly items: readonly Type[] }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Type>; readonly optional?: ReadonlySet<string> };

export const string: Type = { kind: 'string' };
export const number: Type = { kind: 'number' };
export const bool: Type = { kind: 'bool' };
export const any: Type = { kind: 'any' };

export function listType(of: Type): Type {
  return { kind: 'list', of };
}

export function setType(of: Type): Type {
  return { kind: 'set', of };
}

export function mapType(of: Type): Type {
  return { kind: 'map', of };
}

export function tupleType(items: readonly Type[]): Type {
  return { kind: 'tuple', items };
}

export function objectType(fields: Iterable<readonly [string, Type]>, optional?: ReadonlySet<string>): Type {
  return { kind: 'object', fields: new Map(fields), ...(optional && optional.size > 0 && { optional }) };
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'list':
    case 'set':
    case 'map':
      return b.kind === a.kind && sameType(a.of, b.of);
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.items.length === b.items.length &&
        a.items.every((item, index) => sameType(item, b.items[index]!))
      );
    case 'object':
      if (b.kind !== 'object' || a.fields.size !== b.fields.size) return false;
      return [...a.fields].every(([name, type]) => {
        const other = b.fields.get(name);
        return other !== undefined && sameType(type, other);
      });
    default:
      return a.kind === b.kind;
  }
}

/** As people say it: `list of string`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'any':
      return 'dynamic';
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind} of ${type.of.kind === 'any' ? 'any type' : typeName(type.of)}`;
    default:
      return type.kind;
  }
}

export function isPrimitive(type: Type): type is Extract<Type, { kind: 'string' | 'number' | 'bool' }> {
  return type.kind === 'string' || type.kind === 'number' || type.kind === 'bool';
}
