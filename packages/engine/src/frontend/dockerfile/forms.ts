// The forms in which instructions take their arguments.

import { goQuote } from '../../std/go-quote.ts';
import { mistake } from './failure.ts';
import type { Node } from './parse.ts';

/** `key=value`, or the legacy `key value`. Neither is expanded yet. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly legacy: boolean;
}

/** Arguments of an instruction that takes a JSON list or something else. */
export interface Arguments {
  readonly args: readonly string[];
  readonly json: boolean;
}

const blanks = /[\t\v\f\r ]+/;

/** Words between blanks; quotes and escapes protect blanks and stay in the words. */
export function quotedWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (!quote && /\s/u.test(character)) {
      if (word !== '') words.push(word);
      word = '';
    } else if (character === escape && quote !== "'") {
      const next = characters[++at];
      if (next !== undefined) word += character + next;
    } else {
      if (quote) {
        if (character === quote) quote = '';
      } else if (character === '"' || character === "'") quote = character;
      word += character;
    }
  }
  if (word !== '') words.push(word);
  return words;
}

/** Words between blanks, nothing protected. */
export function plainWords(text: string): string[] {
  return text === '' ? [] : text.split(blanks);
}

/** A JSON list of strings, or undefined for anything that is no JSON list. Throws a mistake for other elements. */
function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  if (!list.every((element) => typeof element === 'string')) {
    throw mistake('when using JSON array syntax, arrays must be comprised of strings only', { token: text });
  }
  return list;
}

/** A JSON list, or the whole text as one argument (none if it is empty). */
export function jsonOrText(text: string): Arguments {
  const list = jsonList(text);
  if (list) return { args: list, json: true };
  return { args: text === '' ? [] : [text], json: false };
}

/** A JSON list, or words between blanks. */
export function jsonOrWords(text: string): Arguments {
  const list = jsonList(text);
  return list ? { args: list, json: true } : { args: plainWords(text), json: false };
}

/** `k=v k2="v 2"`, or `k v` for one pair. */
export function keyValues(node: Node): readonly KeyValue[] {
  const name = node.keyword.toUpperCase();
  const words = quotedWords(node.rest, node.escape);
  const first = words[0];
  if (first === undefined) throw atLeastOne(name);
  let pairs: KeyValue[];
  if (!first.includes('=')) {
    const blank = blanks.exec(node.rest);
    if (!blank) throw mistake(`${name} must have two arguments, as in ${name} ${first}=value`, { token: node.rest });
    pairs = [
      { key: node.rest.slice(0, blank.index), value: node.rest.slice(blank.index + blank[0].length), legacy: true },
    ];
  } else {
    pairs = words.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 0) {
        throw mistake(`Syntax error - can't find = in ${goQuote(word)}. Must be of the form: name=value`, {
          token: word,
        });
      }
      return { key: word.slice(0, equals), value: word.slice(equals + 1), legacy: false };
    });
  }
  if (pairs.some(({ key }) => key === '')) throw mistake(`${name} names cannot be blank`);
  return pairs;
}

/** The text of an instruction that takes exactly one. */
export function oneArgument(node: Node): string {
  if (node.rest === '') throw mistake(`${node.keyword.toUpperCase()} requires exactly one argument`);
  return node.rest;
}

export function atLeastOne(name: string) {
  return mistake(`${name} requires at least one argument`);
}
