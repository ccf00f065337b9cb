import { printable } from './location.ts';

/** Rows of cells under each other, `padding` blanks between; the last cell of a row ends it as it is. */
export function columns(rows: readonly (readonly string[])[], padding: number): string {
  const shown = rows.map((row) => row.map(printable));
  const width = (cell: string) => [...cell].length;
  const widths: number[] = [];
  for (const row of shown) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  const padded = (cell: string, i: number, { length }: readonly string[]) =>
    i === length - 1 ? cell : cell + ' '.repeat(widths[i]! - width(cell) + padding);
  return shown.map((row) => `${row.map((cell, i) => padded(cell, i, row)).join('')}\n`).join('');
}
