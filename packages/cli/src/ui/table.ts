import { roomOf } from './terminal.ts';

/** Columns under headings, the last one cut at the terminal's edge. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  stream: NodeJS.WriteStream,
): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const columns = roomOf(stream);
  const line = (cells: readonly string[]) => {
    const text = cells
      .map((cell, i) => (i === headings.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
    return `${text.length > columns ? `${text.slice(0, columns - 1)}…` : text}\n`;
  };
  return [headings, ...rows].map(line).join('');
}
