/** Splits a command line into words as a shell quotes them, and compose does; nothing is filled in. Throws a `TypeError`. */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote === "'" ? char === "'" : quote === '"' && char === '"') quote = undefined;
    else if (quote === "'") word += char;
    else if (char === '\\') {
      const next = line[++i];
      if (next === undefined) throw new TypeError(`${JSON.stringify(line)} ends with a backslash`);
      // Between double quotes it escapes but a few.
      word = `${word ?? ''}${quote === '"' && !'"\\$`'.includes(next) ? '\\' : ''}${next}`;
    } else if (quote) word += char;
    else if (char === '"' || char === "'") [quote, word] = [char, word ?? ''];
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${char}`;
  }
  if (quote) throw new TypeError(`${JSON.stringify(line)} has a quote without its end`);
  return word === undefined ? words : [...words, word];
}
