// A place among tokens, for parsers. Inside of brackets line breaks mean nothing; a stack tells where they do.

import { HclMistake, mistake, type SourceText, type Span } from './mistake.ts';
import type { Token } from './tokens.ts';

/** Deeper nesting than this is refused: no person writes it, and the stack is not endless. */
const deepest = 200;

export class Cursor {
  readonly source: SourceText;
  readonly #tokens: readonly Token[];
  readonly #newlines: boolean[] = [true];
  #at = 0;
  #depth = 0;

  constructor(source: SourceText, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  get next(): Token {
    if (!this.#newlines.at(-1)) while (this.#tokens[this.#at]!.kind === 'newline') this.#at++;
    return this.#tokens[this.#at]!;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'eof') this.#at++;
    return token;
  }

  /** The end of what was taken last. */
  get end(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  isMark(text: string): boolean {
    return this.next.kind === 'mark' && this.next.text === text;
  }

  isNewline(): boolean {
    return this.next.kind === 'newline';
  }

  isWord(text: string): boolean {
    return this.next.kind === 'identifier' && this.next.text === text;
  }

  /** Takes a mark if it is next. */
  accept(text: string): boolean {
    if (!this.isMark(text)) return false;
    this.take();
    return true;
  }

  expect(text: string, what: string): Token {
    if (this.isMark(text)) return this.take();
    throw this.wrong(this.next, `${JSON.stringify(text)} is missing ${what}; here is ${this.described()}`);
  }

  /** Runs a parser that minds line breaks, or doesn't. */
  mindingNewlines<T>(minds: boolean, run: () => T): T {
    this.#newlines.push(minds);
    try {
      return run();
    } finally {
      this.#newlines.pop();
    }
  }

  /** Runs a parser one level deeper. */
  nested<T>(run: () => T): T {
    if (++this.#depth > deepest) throw this.wrong(this.next, `this is nested more than ${deepest} levels deep`);
    try {
      return run();
    } finally {
      this.#depth--;
    }
  }

  /** What is next, as people would say it. */
  described(token: Token = this.next): string {
    switch (token.kind) {
      case 'eof':
        return 'the end of the text';
      case 'newline':
        return 'the end of the line';
      case 'open':
        return 'the beginning of a text';
      case 'end':
        return '"}"';
      default:
        return JSON.stringify(token.text.length > 30 ? `${token.text.slice(0, 30)}…` : token.text);
    }
  }

  wrong({ start, end }: Span, message: string, hint?: string): HclMistake {
    return mistake(this.source, { start, end: Math.max(end, start + 1) }, message, hint);
  }
}
