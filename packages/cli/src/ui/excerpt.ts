import { readFileSync } from 'node:fs';

/** Longer lines are cut even where no terminal says how wide it is. */
const widest = 400;

export interface Marking {
  /** Said after the marker. */
  readonly note: string;
  /** First column, and the one after the last, counted from 1; the whole line when left out. */
  readonly columns?: readonly [number, number];
  /** Columns of the terminal; lines that are longer are cut. */
  readonly width?: number;
}

/** Lines of a file around a place, with a marker before those that are meant. Undefined if the file can't be read. */
export function excerpt(path: string, lines: readonly [number, number], marking: Marking): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // the place is told without its text
  }
  return excerptOf(text, lines, marking);
}

/** The same of a text. */
export function excerptOf(
  text: string,
  [first, last]: readonly [number, number],
  { note, columns, width: room }: Marking,
): string {
  const all = text.split('\n');
  const from = Math.max(1, first - 2);
  const to = Math.min(all.length, Math.max(first, last) + 1);
  const width = String(to).length;
  const cut = (row: string) => (room !== undefined && row.length > room ? `${row.slice(0, room - 1)}…` : row);
  const rows: string[] = [];
  for (let line = from; line <= to; line++) {
    const marked = line >= first && line <= last;
    const whole = shown(all[line - 1]!.replace(/\r$/, ''));
    if (line === to && whole.trim() === '' && !marked) continue;
    const { content, before } = around(whole, marked ? columns : undefined);
    rows.push(cut(` ${marked ? '❯' : ' '} ${String(line).padStart(width)} │ ${content}`));
    if (marked && line === last) {
      const indent = columns ? columns[0] - 1 - before : content.length - content.trimStart().length;
      const length = columns ? columns[1] - columns[0] : content.trim().length;
      const marker = '^'.repeat(Math.max(1, Math.min(60, length)));
      rows.push(`   ${' '.repeat(width)} │ ${' '.repeat(indent)}${marker} ${note}`.trimEnd());
    }
  }
  return rows.join('\n');
}

/** Of a line that is far too long for any screen, what is around the columns; `before` is how much is left out there. */
function around(line: string, columns: Marking['columns']): { readonly content: string; readonly before: number } {
  if (line.length <= widest) return { content: line, before: 0 };
  const start = Math.max(0, Math.min((columns?.[0] ?? 1) - 1 - widest / 4, line.length - widest));
  const content = line.slice(start, start + widest);
  return {
    content: `${start > 0 ? `…${content.slice(1)}` : content}${start + widest < line.length ? '…' : ''}`,
    before: start,
  };
}

/** A tab is one column to the marker, and control characters stay out of the terminal. */
function shown(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/\p{Cc}/gu, '·');
}
