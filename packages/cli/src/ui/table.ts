import { oneLine } from './tame.ts';
import { roomOf } from './terminal.ts';

/** Columns under headings, the last one cut at the terminal's edge. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  stream: NodeJS.WriteStream,
): string {
  const lines = [headings, ...rows.map((row) => row.map(oneLine))];
  const widths = headings.map((_, i) => Math.max(...lines.map((row) => (row[i] ?? '').length)));
  const columns = roomOf(stream);
  const line = (cells: readonly string[]) => {
    const text = cells
      .map((cell, i) => (i === headings.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
    return `${text.length > columns ? `${text.slice(0, columns - 1)}…` : text}\n`;
  };
  return lines.map(line).join('');
}
