// Quoting and variables, as in every instruction: what `$x`, `${x:-y}`, quotes and escapes stand for.

import { goQuote } from '../../std/go-quote.ts';
import { mistake } from './failure.ts';
import { readValuePattern, replaceMatches, trimEnd, trimStart } from './value-pattern.ts';

/** Variables that words may name. A `Map` fits. */
export interface Variables {
  get(name: string): string | undefined;
  keys(): Iterable<string>;
}

export const noVariables: Variables = new Map();

export interface WordOptions {
  /** `\` unless a directive says a backtick. */
  readonly escape?: string;
  /** Quotes stay in the result. */
  readonly keepQuotes?: boolean;
  /** Escape characters stay in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes are characters like others (bodies of heredocs). */
  readonly plainQuotes?: boolean;
  /** A variable that is not set stays as written. */
  readonly keepUnset?: boolean;
}

export interface Expansion {
  readonly text: string;
  /** Names that were looked up and found, or not. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

/** `word` with its quotes taken off and its variables filled in. Throws a mistake, e.g. for `${x:?message}`. */
export function expand(word: string, variables: Variables, options: WordOptions = {}): Expansion {
  const lexer = new Lexer(word, variables, options);
  const text = lexer.all().text;
  return { text, matched: lexer.matched, unmatched: lexer.unmatched };
}

/** `text` expanded and then split at blanks that no quotes protect. */
export function expandWords(text: string, variables: Variables, options: WordOptions = {}): readonly string[] {
  return new Lexer(text, variables, options).all().words;
}

/** Substitutions may hold substitutions; nobody writes more than a few, and the stack is finite. */
const deepest = 200;

const space = /\s/u;
const letter = /[\p{L}\p{Nd}_]/u;
const digit = /\p{Nd}/u;

/** Collects a result twice: as one text, and split into words. */
class Output {
  #pieces: string[] = [];
  #word = '';
  readonly words: string[] = [];

  /** Text whose blanks separate words. */
  add(text: string): void {
    this.#pieces.push(text);
    for (const character of text) {
      if (!space.test(character)) this.#word += character;
      else this.#cut();
    }
  }

  /** Text that is part of a word, blanks and all. */
  addQuoted(text: string): void {
    this.#pieces.push(text);
    this.#word += text;
  }

  finish(): { text: string; words: string[] } {
    this.#cut();
    return { text: this.#pieces.join(''), words: this.words };
  }

  #cut(): void {
    if (this.#word !== '') this.words.push(this.#word);
    this.#word = '';
  }
}

class Lexer {
  readonly matched = new Set<string>();
  readonly unmatched = new Set<string>();
  readonly #source: string;
  readonly #characters: readonly string[];
  readonly #variables: Variables;
  readonly #options: WordOptions;
  readonly #escape: string;
  #at = 0;
  #depth = 0;

  constructor(source: string, variables: Variables, options: WordOptions) {
    this.#source = source;
    this.#characters = [...source];
    this.#variables = variables;
    this.#options = options;
    this.#escape = options.escape ?? '\\';
  }

  all(): { text: string; words: string[] } {
    try {
      return this.#until(undefined, this.#options.keepEscapes ?? false);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const shown = this.#source.length > 300 ? `${this.#source.slice(0, 300)}…` : this.#source;
      throw mistake(`failed to process ${goQuote(shown)}: ${message}`, { token: this.#source, cause: error });
    }
  }

  /** Reads up to `stop`, which is eaten, or to the end of the text if there is no `stop`. */
  #until(stop: string | undefined, keepEscapes: boolean): { text: string; words: string[] } {
    if (++this.#depth > deepest) throw mistake(`substitutions are nested more than ${deepest} deep`);
    const output = new Output();
    for (;;) {
      const character = this.#peek();
      if (character === undefined) break;
      if (character === stop) {
        this.#at++;
        this.#depth--;
        return output.finish();
      }
      if (character === '$') output.add(this.#dollar());
      else if (character === "'" && !this.#options.plainQuotes) output.addQuoted(this.#singleQuoted());
      else if (character === '"' && !this.#options.plainQuotes) output.addQuoted(this.#doubleQuoted(keepEscapes));
      else if (character === '<') output.addQuoted(this.#less());
      else if (character === this.#escape) {
        this.#at++;
        if (keepEscapes) output.addQuoted(character);
        const escaped = this.#next();
        if (escaped !== undefined) output.addQuoted(escaped);
      } else {
        this.#at++;
        output.add(character);
      }
    }
    if (stop !== undefined) throw mistake(`unexpected end of statement while looking for matching ${stop}`);
    this.#depth--;
    return output.finish();
  }

  #singleQuoted(): string {
    const end = this.#characters.indexOf("'", this.#at + 1);
    if (end < 0) throw mistake('unexpected end of statement while looking for matching single-quote');
    const inner = this.#characters.slice(this.#at + 1, end).join('');
    this.#at = end + 1;
    return this.#options.keepQuotes ? `'${inner}'` : inner;
  }

  #doubleQuoted(keepEscapes: boolean): string {
    this.#at++;
    const quote = this.#options.keepQuotes ? '"' : '';
    const pieces = [quote];
    for (;;) {
      const character = this.#peek();
      if (character === undefined) {
        throw mistake('unexpected end of statement while looking for matching double-quote');
      }
      if (character === '$') {
        pieces.push(this.#dollar());
        continue;
      }
      this.#at++;
      if (character === '"') {
        pieces.push(quote);
        return pieces.join('');
      }
      if (character !== this.#escape) {
        pieces.push(character);
        continue;
      }
      // An escape counts before `"`, `$` and itself; before anything else it is a plain character.
      if (keepEscapes) pieces.push(character);
      const escaped = this.#peek();
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === '$' || escaped === this.#escape) {
        this.#at++;
        pieces.push(escaped);
      } else pieces.push(character);
    }
  }

  /** `<`, or `<<` with the blanks that follow it, so that `<< EOF` stays one word. */
  #less(): string {
    this.#at++;
    if (this.#peek() !== '<') return '<';
    this.#at++;
    let blanks = '';
    while (this.#peek() === ' ' || this.#peek() === '\t' || this.#peek() === '\r') blanks += this.#next()!;
    return `<<${blanks}`;
  }

  #dollar(): string {
    this.#at++;
    if (this.#peek() !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#look(name) ?? (this.#options.keepUnset ? `$${name}` : '');
    }
    this.#at++;
    const first = this.#peek();
    if (first === undefined) throw mistake("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw mistake('syntax error: bad substitution');
    const name = this.#name();
    const modifier = this.#next();
    if (modifier === undefined) throw mistake("syntax error: missing '}'");
    if (modifier === '}') return this.#look(name) ?? (this.#options.keepUnset ? `\${${name}}` : '');
    if (modifier === '/') return this.#replacement(name);
    return this.#modified(name, modifier);
  }

  /** `${name-word}` and its siblings, after the name and the first character of the modifier. */
  #modified(name: string, first: string): string {
    let modifier = first;
    let kind = first;
    const emptyIsUnset = first === ':';
    if (emptyIsUnset) {
      kind = this.#next() ?? '';
      modifier += kind;
    }
    const trims = kind === '#' || kind === '%';
    if (!'+-?#%'.includes(kind) || kind === '' || (trims && emptyIsUnset)) {
      // The rest is read so that a missing brace is told first.
      if (emptyIsUnset && !trims) this.#inner('}', false);
      throw mistake(`unsupported modifier (${modifier}) in substitution`);
    }
    const word = this.#inner('}', trims);
    const value = this.#look(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${modifier}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === '');
    switch (kind) {
      case '-':
        return missing ? word : (value ?? '');
      case '+':
        return missing ? '' : word;
      case '?':
        if (!missing) return value ?? '';
        throw mistake(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
      default: {
        const longest = word.startsWith(kind);
        const pattern = readValuePattern(longest ? word.slice(1) : word);
        return (kind === '#' ? trimStart : trimEnd)(pattern, value ?? '', longest);
      }
    }
  }

  /** `${name/pattern/replacement}` and `${name//pattern/replacement}`, after the first slash. */
  #replacement(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#at++;
    const pattern = this.#inner('/', true);
    const replacement = this.#inner('}', true);
    const value = this.#look(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return replaceMatches(readValuePattern(pattern), value ?? '', replacement, all);
  }

  #inner(stop: string, keepEscapes: boolean): string {
    try {
      return this.#until(stop, keepEscapes).text;
    } catch (error) {
      if (this.#peek() !== undefined) throw error;
      throw mistake(stop === '/' ? "syntax error: missing '/' in ${}" : "syntax error: missing '}'", { cause: error });
    }
  }

  /** A name of letters, digits and `_`; digits alone if it begins with one; or one of the shell's special characters. */
  #name(): string {
    const start = this.#at;
    const first = this.#peek();
    if (first === undefined) return '';
    if (digit.test(first)) {
      while (digit.test(this.#peek() ?? '')) this.#at++;
    } else if ('@*#?-$!'.includes(first)) this.#at++;
    else while (letter.test(this.#peek() ?? '')) this.#at++;
    return this.#characters.slice(start, this.#at).join('');
  }

  #look(name: string): string | undefined {
    const value = this.#variables.get(name);
    (value === undefined ? this.unmatched : this.matched).add(name);
    return value;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string | undefined {
    return this.#characters[this.#at++];
  }
}
