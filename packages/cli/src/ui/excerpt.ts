import { readFileSync } from 'node:fs';

/** Lines of a file around a place, with a marker before those that are meant. Undefined if the file can't be read. */
export function excerpt(path: string, lines: readonly [number, number], note: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // the place is told without its text
  }
  const all = text.split('\n');
  const [first, last] = lines;
  const from = Math.max(1, first - 2);
  const to = Math.min(all.length, Math.max(first, last) + 1);
  const width = String(to).length;
  const rows: string[] = [];
  for (let line = from; line <= to; line++) {
    const marked = line >= first && line <= last;
    const content = all[line - 1]!.replace(/\r$/, '');
    if (line === all.length && content === '' && !marked) continue;
    rows.push(` ${marked ? '❯' : ' '} ${String(line).padStart(width)} │ ${content}`);
    if (marked && line === last) {
      const indent = content.length - content.trimStart().length;
      rows.push(
        `   ${' '.repeat(width)} │ ${' '.repeat(indent)}${'^'.repeat(Math.max(1, Math.min(60, content.trim().length)))} ${note}`,
      );
    }
  }
  return rows.join('\n');
}
