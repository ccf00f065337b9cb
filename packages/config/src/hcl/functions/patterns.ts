// Regular expressions of RE2, by those of JavaScript.

import { FunctionError, type HclFunction } from '../function.ts';
import { objectType, string, tupleType, type Type } from '../type.ts';
import { list, nullOf, object, stringOf, text, tuple, type Value } from '../value.ts';
import { fn, texts } from './parameters.ts';

export const patternFunctions: Readonly<Record<string, HclFunction>> = {
  regex: fn(texts('pattern', 'string'), (pattern, given) => {
    const { expression, names } = compiled(stringOf(pattern!), 0);
    const found = expression.exec(stringOf(given!));
    if (!found) throw new FunctionError('the pattern matches nothing in the text', 0);
    return captured(found, names);
  }),
  regexall: fn(texts('pattern', 'string'), (pattern, given) => {
    const { expression, names } = compiled(stringOf(pattern!), 0);
    const found = [...stringOf(given!).matchAll(expression)];
    return list(
      typeOf(names),
      found.map((match) => captured(match, names)),
    );
  }),
  regex_replace: fn(texts('str', 'pattern', 'replace'), (given, pattern, by) => {
    const { expression } = compiled(stringOf(pattern!), 1, true);
    return text(stringOf(given!).replace(expression, (...match) => expanded(stringOf(by!), match)));
  }),
};

interface Compiled {
  readonly expression: RegExp;
  /** Of its groups in order; undefined for one without a name. */
  readonly names: readonly (string | undefined)[];
}

const posix: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** A pattern in JavaScript's own syntax. Throws a `FunctionError` for one that isn't RE2's. */
function compiled(pattern: string, argument: number, mixed = false): Compiled {
  const names: (string | undefined)[] = [];
  let flags = 'gu';
  let source = '';
  let inClass = false;
  const wrong = (message: string) => new FunctionError(`the pattern ${JSON.stringify(pattern)}: ${message}`, argument);
  const whole = /^\(\?([imsU]+)\)/.exec(pattern);
  let at = 0;
  if (whole && !whole[1]!.includes('U')) {
    flags += whole[1]!.replace(/(.)(?=.*\1)/g, '');
    at = whole[0].length;
  }
  while (at < pattern.length) {
    const rest = pattern.slice(at, at + 64);
    const c = pattern[at]!;
    let length = 1;
    let made = c;
    if (c === '\\') {
      const next = pattern[at + 1];
      if (next === undefined) throw wrong('it ends in a backslash');
      length = 2;
      made = c + next;
      if (next === 'A') made = '(?<![^])';
      else if (next === 'z') made = '(?![^])';
      else if (next === 'a') made = '\\x07';
      else if (next === 'Q') {
        const end = pattern.indexOf('\\E', at);
        const literal = pattern.slice(at + 2, end < 0 ? undefined : end);
        length = 2 + literal.length + (end < 0 ? 0 : 2);
        made = literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      } else if (/^\\[pP][A-Z]/.test(rest)) {
        length = 3;
        made = `\\${next}{${pattern[at + 2]}}`;
      } else if (/^\\[pP]\{\^?\w+\}/.test(rest)) {
        const [found = '', , caret, name] = /^\\([pP])\{(\^?)(\w+)\}/.exec(rest)!;
        length = found.length;
        const negative = (next === 'P') !== (caret === '^');
        made = `\\${negative ? 'P' : 'p'}{${/^[A-Z][a-z]?$/.test(name!) ? name : `Script=${name}`}}`;
      } else if (/^\\x\{[0-9A-Fa-f]+\}/.test(rest)) {
        const [found = '', hex] = /^\\x\{([0-9A-Fa-f]+)\}/.exec(rest)!;
        length = found.length;
        made = `\\u{${hex}}`;
      } else if (/[1-9]/.test(next)) throw wrong('it refers back to a group, which RE2 has not');
      else if (/[a-zA-Z]/.test(next) && !'dDwWsSbBnrtfvxux'.includes(next)) throw wrong(`\\${next} is not an escape`);
      else if (!/[a-zA-Z0-9]/.test(next) && !'^$\\.*+?()[]{}|/-'.includes(next)) made = next;
      else if (next === '-' && !inClass) made = '-';
    } else if (inClass) {
      const named = /^\[:(\^?)(\w+):\]/.exec(rest);
      if (named) {
        const set = posix[named[2]!];
        if (set === undefined) throw wrong(`there is no class ${named[0]}`);
        if (named[1]) throw wrong(`${named[0]} is not understood; write [^${'…'}] instead`);
        length = named[0].length;
        made = set;
      } else if (c === ']') inClass = false;
      else if (c === '[') made = '\\[';
    } else if (c === '[') {
      inClass = true;
      const open = /^\[\^?\]?/.exec(rest)![0];
      length = open.length;
      made = open.endsWith(']') ? `${open.slice(0, -1)}\\]` : open;
    } else if (rest.startsWith('(?P<') || rest.startsWith('(?<')) {
      const found = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
      if (!found) throw wrong('it looks around, which RE2 does not');
      names.push(found[1]);
      length = found[0].length;
      made = `(?<${found[1]}>`;
    } else if (rest.startsWith('(?')) {
      const found = /^\(\?([imsU]*(?:-[imsU]+)?)(:|\))/.exec(rest);
      if (!found) throw wrong('a group begins with something that RE2 has not');
      if (found[1]!.includes('U') || found[2] === ')') throw wrong(`write ${found[0]} at its beginning, or as (?i:…)`);
      length = found[0].length;
      made = found[0];
    } else if (c === '(') names.push(undefined);
    else if (c === '{' && !/^\{\d+(?:,\d*)?\}/.test(rest)) made = '\\{';
    else if (c === '}' && !/\{\d+(?:,\d*)?$/.test(pattern.slice(Math.max(0, at - 12), at))) made = '\\}';
    else if (c === ']') made = '\\]';
    else if (c === '.') {
      const point = pattern.codePointAt(at)!;
      made = flags.includes('s') ? '.' : point === 0x2e ? '[^\\n]' : c;
    } else if (c === '$' && !flags.includes('m')) made = '(?![^])';
    source += made;
    at += length;
  }
  if (!mixed && names.some((name) => name === undefined) && names.some((name) => name !== undefined))
    throw wrong('either all of its groups have names, or none has');
  try {
    return { expression: new RegExp(source, flags), names };
  } catch (error) {
    throw wrong((error as Error).message.replace(/^.*: /, ''));
  }
}

function typeOf(names: readonly (string | undefined)[]): Type {
  if (names.length === 0) return string;
  if (names[0] === undefined) return tupleType(names.map(() => string));
  return objectType(names.map((name) => [name!, string]));
}

/** The whole match if there are no groups, else its groups: a tuple, or an object by their names. */
function captured(match: RegExpExecArray, names: readonly (string | undefined)[]): Value {
  if (names.length === 0) return text(match[0]);
  const groups = names.map((_, index) => {
    const group: string | undefined = match[index + 1];
    return group === undefined ? nullOf(string) : text(group);
  });
  return names[0] === undefined ? tuple(groups) : object(names.map((name, index) => [name!, groups[index]!]));
}

/** `$1`, `${1}`, `$name`, `${name}` and `$$` in what a match is replaced by; as many letters as can be are the name. */
function expanded(by: string, match: readonly unknown[]): string {
  const last = match.at(-1);
  const named = (typeof last === 'object' ? last : {}) as Readonly<Record<string, string | undefined>>;
  const groups = match.slice(
    0,
    match.findIndex((each) => typeof each === 'number'),
  ) as (string | undefined)[];
  return by.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    return (/^\d+$/.test(name) ? groups[Number(name)] : named[name]) ?? '';
  });
}
