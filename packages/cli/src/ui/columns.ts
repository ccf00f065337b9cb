// Text by the columns that it takes on a terminal: wide characters take two, colours and combining marks none. The home
// of string-width, which is loaded with what Unicode knows of words (40 ms) when a sign comes that few texts have.

import { createRequire } from 'node:module';
import { stripVTControlCharacters } from './style.ts';

let stringWidth: ((text: string) => number) | undefined;
let segments: Intl.Segmenter | undefined;

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
  segments ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
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

const plain = /^[ -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2298\u2500-\u25fc\u2601\u2714\u2716\u276f]*$/;

/** Whether all signs take one column: letters of Europe's languages, and what our own lines are made of. */
function isPlain(text: string): boolean {
  return plain.test(text);
}

function signWidth(sign: string): number {
  if (isPlain(sign)) return 1;
  if (sign === '⚡') return 2;
  stringWidth ??= (createRequire(import.meta.url)('string-width') as { readonly default: (text: string) => number })
    .default;
  return stringWidth(sign);
}
