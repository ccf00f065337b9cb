// Types as they are written: `list(string)`, `object({ name = string, port = optional(number) })`.

import { nearest } from '@monokit/engine/std/nearest';
import { mistake, type SourceText } from './mistake.ts';
import { parseSingleExpression } from './parse.ts';
import { keywordOf, type Expression } from './syntax.ts';
import { any, bool, listType, mapType, number, objectType, setType, string, tupleType, type Type } from './type.ts';

const plain: Readonly<Record<string, Type>> = { string, number, bool, any };
const collections: Readonly<Record<string, (of: Type) => Type>> = { list: listType, set: setType, map: mapType };
const words = [...Object.keys(plain), ...Object.keys(collections), 'object', 'tuple'];

/** The type that an expression says, which isn't evaluated. Throws a `HclMistake`. */
export function typeFrom(expression: Expression, source: SourceText): Type {
  if ((expression.kind === 'template' || expression.kind === 'wrapped') && expression.json !== undefined) {
    const inner = { file: source.file, text: expression.json };
    return typeFrom(parseSingleExpression(inner), inner);
  }
  const wrong = (at: Expression, message: string, hint?: string) => mistake(source, at.span, message, hint);
  const word = keywordOf(expression);
  if (word !== undefined) {
    if (Object.hasOwn(plain, word)) return plain[word]!;
    if (words.includes(word)) {
      const example =
        word === 'object' ? 'object({ name = string })' : word === 'tuple' ? 'tuple([string])' : `${word}(string)`;
      throw wrong(expression, `the type ${word} needs to be told what is in it`, `write for example ${example}`);
    }
    const meant = nearest(word, words);
    throw wrong(
      expression,
      `there is no type ${word}`,
      meant ? `did you mean ${meant}?` : `there is ${words.join(', ')}`,
    );
  }
  if (expression.kind !== 'call') throw wrong(expression, `this is not a type: write one of ${words.join(', ')}`);
  const { name, args } = expression;
  const [only] = args;
  if (!only || args.length > 1) throw wrong(expression, `the type ${name} is told one thing: what is in it`);
  if (Object.hasOwn(collections, name)) return collections[name]!(typeFrom(only, source));
  if (name === 'tuple') {
    if (only.kind !== 'tuple') throw wrong(only, 'a tuple is told the types of its elements: tuple([string, number])');
    return tupleType(only.items.map((item) => typeFrom(item, source)));
  }
  if (name === 'object') {
    if (only.kind !== 'object')
      throw wrong(only, 'an object is told the types of its fields: object({ name = string })');
    const optional = new Set<string>();
    const fields = only.items.map(({ key, value }): [string, Type] => {
      const field = key.kind === 'literal' ? key.value.is : undefined;
      if (typeof field !== 'string') throw wrong(key, 'the name of a field must be written out');
      if (value.kind === 'call' && value.name === 'optional' && value.args.length === 1) {
        optional.add(field);
        return [field, typeFrom(value.args[0]!, source)];
      }
      return [field, typeFrom(value, source)];
    });
    return objectType(fields, optional);
  }
  const meant = nearest(name, words);
  throw wrong(expression, `there is no type ${name}`, meant && `did you mean ${meant}?`);
}
