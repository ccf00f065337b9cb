import { invalid } from './invalid.ts';

/**
 * Splits a command into words as google/shlex does: quotes of both kinds, backslashes outside single quotes, comments
 * from a `#` that starts a word. Nothing is expanded.
 */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  const characters = [...command];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (quote) {
      if (character === quote) quote = undefined;
      else if (character === '\\' && quote === '"') word += escaped(characters, ++i, command);
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (character === '\\') {
      word = (word ?? '') + escaped(characters, ++i, command);
    } else if (' \t\r\n'.includes(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '#' && word === undefined) {
      while (i + 1 < characters.length && characters[i + 1] !== '\n') i++;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote) throw invalid(`a quote is not closed in the command ${JSON.stringify(command)}`);
  if (word !== undefined) words.push(word);
  return words;
}

function escaped(characters: readonly string[], at: number, command: string): string {
  const character = characters[at];
  if (character === undefined) throw invalid(`the command ${JSON.stringify(command)} ends in a backslash`);
  return character;
}
