// A command line as it was typed so far, up to the cursor.

export interface Typed {
  /** Words that are finished, the program's own left out. */
  readonly before: readonly string[];
  /** The word that is being typed, unquoted; '' for a new one. */
  readonly word: string;
}

/** Splits a line as a shell does; quotes may be open still. */
export function typedIn(line: string): Typed {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const sign = line[i]!;
    if (quote !== undefined) {
      if (sign === quote) quote = undefined;
      else if (sign === '\\' && quote === '"' && i + 1 < line.length) word += line[++i]!;
      else word += sign;
    } else if (sign === "'" || sign === '"') [quote, word] = [sign, word ?? ''];
    else if (sign === '\\' && i + 1 < line.length) word = (word ?? '') + line[++i]!;
    else if (/\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + sign;
  }
  return { before: words.slice(1), word: word ?? '' };
}
