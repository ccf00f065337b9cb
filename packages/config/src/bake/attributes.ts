// What stands in a target's attributes: values of HCL as plain data, and back where another target asks for them.

import { ConversionError, convert } from '../hcl/convert.ts';
import { numberText } from '../hcl/number.ts';
import { bool, listType, mapType, string, typeName, type Type } from '../hcl/type.ts';
import {
  elements,
  fieldsOf,
  isMapping,
  list,
  map,
  nullOf,
  numOf,
  object,
  stringOf,
  text,
  truth,
  type Value,
} from '../hcl/value.ts';
import type { AttributeKind, Attributes, KindValue, SecretEntry, SshEntry } from './definition.ts';
import {
  attestEntry,
  cacheEntries,
  disabledAsFlag,
  outputEntry,
  policyEntry,
  secretEntry,
  sshEntry,
  withType,
} from './entries.ts';

type Codecs = {
  readonly [K in AttributeKind]: {
    readonly type: Type;
    /** Throws a `ConversionError` or `TypeError`. */
    read(value: Value): KindValue<K>;
    write(plain: KindValue<K>): Value;
  };
};

const texts = listType(string);
const textMap = mapType(string);
const attributeLists = listType(textMap);

const codecs: Codecs = {
  text: { type: string, read: (value) => stringOf(convert(value, string)), write: text },
  flag: { type: bool, read: (value) => convert(value, bool).is === true, write: truth },
  texts: {
    type: texts,
    read: (value) =>
      elements(convert(value, texts)).map((each, index) => {
        if (each.is === null) throw new TypeError(`element ${index} is null`);
        return stringOf(each);
      }),
    write: (plain) => list(string, plain.map(text)),
  },
  map: {
    type: textMap,
    read: (value) => {
      const plain = textsByName(value);
      const missing = Object.keys(plain).find((name) => plain[name] === null);
      if (missing !== undefined) throw new TypeError(`${missing} is null`);
      return plain as Readonly<Record<string, string>>;
    },
    write: (plain) =>
      map(
        string,
        Object.entries(plain).map(([name, each]) => [name, text(each)]),
      ),
  },
  'nullable map': {
    type: textMap,
    read: textsByName,
    write: (plain) =>
      map(
        string,
        Object.entries(plain).map(([name, each]) => [name, each === null ? nullOf(string) : text(each)]),
      ),
  },
  caches: {
    type: attributeLists,
    read: (value) =>
      given(value).flatMap((each) =>
        each.type.kind === 'string' ? cacheEntries(stringOf(each)) : [withType(attributesOf(each), 'a cache', each.is)],
      ),
    write: (plain) => list(textMap, plain.map(attributeMap)),
  },
  outputs: {
    type: attributeLists,
    read: (value) =>
      given(value).map((each) => {
        if (each.type.kind === 'string') return outputEntry(stringOf(each));
        const { dest, ...entry } = attributesOf(each);
        return withType({ ...entry, ...(dest && { dest }) }, 'an output', Object.fromEntries(fieldsOf(each)));
      }),
    write: (plain) =>
      list(
        textMap,
        plain.map((each) => attributeMap({ dest: '', ...each })),
      ),
  },
  attests: {
    type: attributeLists,
    read: (value) =>
      given(value).map((each) =>
        each.type.kind === 'string'
          ? attestEntry(stringOf(each))
          : disabledAsFlag(withType(attributesOf(each), 'an attestation', Object.fromEntries(fieldsOf(each)))),
      ),
    write: (plain) => list(textMap, plain.map(attributeMap)),
  },
  policies: {
    type: attributeLists,
    read: (value) =>
      given(value).map((each) => (each.type.kind === 'string' ? policyEntry(stringOf(each)) : attributesOf(each))),
    write: (plain) => list(textMap, plain.map(attributeMap)),
  },
  secrets: {
    type: listType(
      object([
        ['env', text('')],
        ['id', text('')],
        ['src', text('')],
      ]).type,
    ),
    read: (value) =>
      given(value).map((each) => (each.type.kind === 'string' ? secretEntry(stringOf(each)) : secretOf(each))),
    write: (plain) =>
      listOfObjects(plain.map(({ id = '', src = '', env = '' }) => ({ id: text(id), src: text(src), env: text(env) }))),
  },
  ssh: {
    type: listType(
      object([
        ['id', text('')],
        ['paths', list(string, [])],
      ]).type,
    ),
    read: (value) => given(value).map((each) => (each.type.kind === 'string' ? sshEntry(stringOf(each)) : sshOf(each))),
    write: (plain) =>
      listOfObjects(plain.map(({ id, paths = [] }) => ({ id: text(id), paths: list(string, paths.map(text)) }))),
  },
  resources: {
    type: textMap,
    read: (value) => {
      if (!isMapping(value.type)) throw new TypeError(`an object is required, not a ${typeName(value.type)}`);
      return Object.fromEntries(
        [...fieldsOf(value)].flatMap(([name, each]): [string, string | number][] => {
          if (each.is === null) return [];
          return [
            [name, each.type.kind === 'number' ? Number(numberText(numOf(each))) : stringOf(convert(each, string))],
          ];
        }),
      );
    },
    write: (plain) => object(Object.entries(plain).map(([name, each]) => [name, text(String(each))])),
  },
};

/** A value as what an attribute of a kind holds; undefined for null. Throws a `ConversionError` or `TypeError`. */
export function plainOf<K extends AttributeKind>(kind: K, value: Value): KindValue<K> | undefined {
  if (value.is === null) return undefined;
  return codecs[kind].read(value) as KindValue<K>;
}

/** What an attribute holds as a value, for those who refer to it. */
export function valueOf<K extends AttributeKind>(kind: K, plain: KindValue<K> | undefined): Value {
  const codec = codecs[kind] as unknown as { readonly type: Type; write(plain: unknown): Value };
  return plain === undefined ? nullOf(codec.type) : codec.write(plain);
}

function textsByName(value: Value): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    [...fieldsOf(convert(value, textMap))].map(([name, each]) => [name, each.is as string | null]),
  );
}

/** The entries of a list, without those that say nothing. */
function given(value: Value): readonly Value[] {
  if (value.type.kind !== 'tuple' && value.type.kind !== 'list' && value.type.kind !== 'set')
    throw new ConversionError(`a list is required, not a ${typeName(value.type)}`);
  return elements(value).filter(({ is }) => is !== null && is !== '');
}

function attributesOf(value: Value): Attributes {
  const fields = fieldsOf(convert(value, textMap));
  return Object.fromEntries([...fields].flatMap(([name, each]) => (each.is === null ? [] : [[name, stringOf(each)]])));
}

function secretOf(value: Value): SecretEntry {
  const { id, src, env, ...more } = attributesOf(value);
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw new TypeError(`a secret has no ${JSON.stringify(unknown)}: write id, src or env`);
  return { ...(id && { id }), ...(src && { src }), ...(env && { env }) };
}

function sshOf(value: Value): SshEntry {
  if (!isMapping(value.type)) throw new TypeError(`a text or an object is required, not a ${typeName(value.type)}`);
  const fields = fieldsOf(value);
  const unknown = [...fields.keys()].find((name) => name !== 'id' && name !== 'paths');
  if (unknown !== undefined) throw new TypeError(`ssh has no ${JSON.stringify(unknown)}: write id or paths`);
  const id = fields.get('id');
  const paths = fields.get('paths');
  return {
    id: id && id.is !== null ? stringOf(convert(id, string)) : '',
    ...(paths && paths.is !== null && { paths: elements(convert(paths, texts)).map(stringOf) }),
  };
}

function attributeMap(entry: Attributes): Value {
  return map(
    string,
    Object.entries(entry).map(([name, each]) => [name, text(each)]),
  );
}

function listOfObjects(items: readonly Readonly<Record<string, Value>>[]): Value {
  const made = items.map((fields) => object(Object.entries(fields)));
  return list(made[0]?.type ?? object([]).type, made);
}
