import { FunctionError, type HclFunction } from '../function.ts';
import { listType, string } from '../type.ts';
import { byCodePoints, elements, list, num, stringOf, text, type Value } from '../value.ts';
import { fn, lists, numbers, param, texts, whole } from './parameters.ts';

const mapped = (run: (written: string) => string) => fn(texts('str'), (a) => text(run(stringOf(a!))));
const mappedBy = (other: string, run: (written: string, by: string) => string) =>
  fn(texts('str', other), (a, b) => text(run(stringOf(a!), stringOf(b!))));

export const textFunctions: Readonly<Record<string, HclFunction>> = {
  chomp: mapped((written) => written.replace(/[\r\n]+$/, '')),
  indent: fn([...numbers('spaces'), ...texts('str')], (spaces, str) => {
    const count = whole(spaces!, 0);
    if (count < 0 || count > 10_000) throw new FunctionError('the spaces must be between 0 and 10000', 0);
    return text(stringOf(str!).replaceAll('\n', `\n${' '.repeat(count)}`));
  }),
  join: fn(texts('separator'), join, param('lists', listType(string))),
  lower: mapped((written) => written.toLowerCase()),
  replace: fn(texts('str', 'substr', 'replace'), (str, part, by) =>
    text(replaceAll(stringOf(str!), stringOf(part!), stringOf(by!))),
  ),
  reverse: mapped((written) => characters(written).reverse().join('')),
  sort: fn(lists('list'), (given) => {
    const items = elements(given!);
    if (items.some(({ is }) => is === null)) throw new FunctionError('a null in the list cannot be put in order');
    return list(
      string,
      [...items].sort((a, b) => byCodePoints(stringOf(a), stringOf(b))),
    );
  }),
  split: fn(texts('separator', 'str'), (separator, str) =>
    list(string, split(stringOf(str!), stringOf(separator!)).map(text)),
  ),
  strlen: fn(texts('str'), (a) => num(characters(stringOf(a!)).length)),
  substr: fn([...texts('str'), ...numbers('offset', 'length')], (str, offset, length) =>
    text(substring(stringOf(str!), whole(offset!, 1), whole(length!, 2))),
  ),
  title: mapped(title),
  trim: mappedBy('cutset', (written, cutset) => trim(written, [...cutset])),
  trimprefix: mappedBy('prefix', (written, prefix) =>
    written.startsWith(prefix) ? written.slice(prefix.length) : written,
  ),
  trimspace: mapped((written) => written.replace(/^[\s\u0085]+|[\s\u0085]+$/gu, '')),
  trimsuffix: mappedBy('suffix', (written, suffix) =>
    suffix !== '' && written.endsWith(suffix) ? written.slice(0, -suffix.length) : written,
  ),
  upper: mapped((written) => Array.from(written, capital).join('')),
};

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A text's characters as readers count them. */
export function characters(written: string): string[] {
  return [...segmenter.segment(written)].map(({ segment }) => segment);
}

function join(...[separator, ...given]: readonly Value[]): Value {
  if (given.length === 0) throw new FunctionError('at least one list is required');
  const items = given.flatMap((each, index) =>
    elements(each).map((item, at) => {
      if (item.is === null) throw new FunctionError(`element ${at} is null, and cannot be joined`, index + 1);
      return stringOf(item);
    }),
  );
  return text(items.join(stringOf(separator!)));
}

/** An empty text is found before every character and at the end. */
function replaceAll(written: string, part: string, by: string): string {
  if (part !== '') return written.split(part).join(by);
  return by + [...written].map((character) => character + by).join('');
}

function split(written: string, separator: string): readonly string[] {
  return separator === '' ? [...written] : written.split(separator);
}

/** An offset below zero counts from the end; a length below zero is all that is left. */
function substring(written: string, offset: number, length: number): string {
  const all = characters(written);
  if (offset >= 0 && length === 0) return '';
  const start = offset < 0 ? offset + all.length : offset;
  const rest = all.slice(Math.max(0, start));
  return (length < 0 ? rest : rest.slice(0, length === 0 ? undefined : length)).join('');
}

/** Every letter that follows something which is no letter, digit, underscore or mark of its own is made a capital. */
function title(written: string): string {
  let before = ' ';
  return [...written]
    .map((character) => {
      const starts = isSeparator(before);
      before = character;
      return starts ? capital(character) : character;
    })
    .join('');
}

function isSeparator(character: string): boolean {
  const code = character.codePointAt(0)!;
  if (code <= 0x7f) return !/[0-9A-Za-z_]/.test(character);
  return !/[\p{L}\p{Nd}]/u.test(character) && /\s/u.test(character);
}

function capital(character: string): string {
  const upper = character.toUpperCase();
  return [...upper].length === 1 ? upper : character;
}

function trim(written: string, cutset: readonly string[]): string {
  const all = [...written];
  let [start, end] = [0, all.length];
  while (start < end && cutset.includes(all[start]!)) start++;
  while (end > start && cutset.includes(all[end - 1]!)) end--;
  return all.slice(start, end).join('');
}
