// `<<EOF`: files and scripts written into the Dockerfile itself.

import { mistake } from './failure.ts';
import { expandWords, noVariables } from './words.ts';

export interface HeredocWord {
  readonly name: string;
  /** No part of the name was quoted, so variables in the body count. */
  readonly expand: boolean;
  /** `<<-`: tabs at the beginning of lines go. */
  readonly chomp: boolean;
  /** The file descriptor before `<<`; 0 if none is written. */
  readonly descriptor: number;
}

export interface Heredoc extends HeredocWord {
  readonly content: string;
}

const form = /^(\d*)<<(-?)\s*([^<]*)$/;

/** Reads a word as the beginning of a heredoc; undefined if it is none. Throws a mistake for quotes that do not end. */
function readHeredocWord(word: string): HeredocWord | undefined {
  const [, descriptor = '', dash = '', rest = ''] = form.exec(word) ?? [];
  if (rest === '') return undefined;
  const [name, ...more] = expandWords(rest, noVariables, { keepUnset: true });
  if (name === undefined || more.length > 0) return undefined;
  const [raw, ...moreRaw] = expandWords(rest, noVariables, { keepUnset: true, keepQuotes: true });
  if (raw === undefined || moreRaw.length > 0) throw mistake(`cannot tell where the heredoc name ends: ${rest}`);
  return { name, expand: quotes(name) === quotes(raw), chomp: dash === '-', descriptor: Number(descriptor) };
}

/** As `readHeredocWord`, and a word that cannot be read is no heredoc. */
export function heredocWord(word: string): HeredocWord | undefined {
  if (!word.includes('<<')) return undefined;
  try {
    return readHeredocWord(word);
  } catch {
    return undefined;
  }
}

/** The heredocs that an instruction's line begins, in order. */
export function heredocsOf(line: string): readonly HeredocWord[] {
  let words: readonly string[];
  try {
    words = expandWords(line, noVariables, { keepUnset: true, keepQuotes: true, keepEscapes: true });
  } catch {
    return []; // the shell may read what we cannot
  }
  return words.map(readHeredocWord).filter((word) => word !== undefined);
}

export function chomp(content: string): string {
  return content.replace(/^\t+/gm, '');
}

function quotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
