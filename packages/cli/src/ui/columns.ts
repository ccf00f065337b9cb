// Text by the columns that it takes on a terminal: wide characters take two, colours and combining marks none. The home
// of string-width.
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns that a text takes at most: not every terminal draws joined signs (families, flags) as one. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const sign of stripVTControlCharacters(text)) width += signWidth(sign);
  return width;
}

/**
 * Rows that a line takes at least where the terminal wraps it: a wide character is never parted, and signs that some
 * terminals draw narrow count as narrow.
 */
export function rowsOf(text: string, columns: number): number {
  let [rows, column] = [1, 0];
  for (const sign of stripVTControlCharacters(text)) {
    const width = sign.length > 1 ? Math.min(1, signWidth(sign)) : signWidth(sign);
    if (column + width > columns) [rows, column] = [rows + 1, 0];
    column += width;
  }
  return rows;
}

/** The text if it fits, or what of it fits with `…` behind. Without colours: those would be cut, too. */
export function clip(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (widthOf(text) <= columns) return text;
  if (isPlain(text)) return `${text.slice(0, columns - 1)}…`;
  let [kept, width] = ['', 0];
  for (const { segment } of segments.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The text in exactly so many columns. */
export function fit(text: string, columns: number): string {
  const clipped = clip(text, columns);
  return clipped + ' '.repeat(Math.max(0, columns - widthOf(clipped)));
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function signWidth(sign: string): number {
  return isPlain(sign) ? 1 : stringWidth(sign);
}
