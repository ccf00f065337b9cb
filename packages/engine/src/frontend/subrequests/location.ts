// Places in a text, as BuildKit's JSON has them: zero values are left out.

/** A text that places refer to. */
export interface SourceInfo {
  readonly filename?: string;
  /** Base64. */
  readonly data?: string;
  /** The definition that yields the text, as JSON. */
  readonly definition?: unknown;
  readonly language?: string;
}

export interface Location {
  readonly sourceIndex?: number;
  readonly ranges?: readonly LineRange[];
}

export interface LineRange {
  readonly start?: Place;
  readonly end?: Place;
}

/** Lines count from 1, characters from 0. */
export interface Place {
  readonly line?: number;
  readonly character?: number;
}

/** The lines from `first` to `last`, each as a range of its own. */
export function linesLocation(first: number, last: number): Location {
  const lines = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return { ranges: lines.map((line) => ({ start: { line }, end: { line } })) };
}

/** The first line of a place; 0 if it has none. */
export function firstLine(location: Location | undefined): number {
  return location?.ranges?.[0]?.start?.line ?? 0;
}

/**
 * The lines of a place with some around them, the meant ones marked, after a line that names file and line. Empty where
 * the place has no lines, or its text doesn't.
 */
export function excerptOf(
  location: Location | undefined,
  sources: readonly SourceInfo[],
  nameOf: (source: SourceInfo) => string = ({ filename = '' }) => filename,
): string {
  const source = sources[location?.sourceIndex ?? 0];
  const ranges = location?.ranges ?? [];
  if (!source || ranges.length === 0) return '';
  const lines = linesOf(source);
  const marked = new Set<number>();
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (const { start, end } of ranges) {
    const from = start?.line ?? 0;
    const to = Math.min(Math.max(from, end?.line ?? 0), lines.length);
    for (let line = from; line <= to; line++) marked.add(line);
    first = Math.min(first, from);
    last = Math.max(last, to);
  }
  if (first < 1 || first > lines.length) return '';
  const around = first === last ? 2 : 1;
  const rows: string[] = [];
  for (let line = Math.max(1, first - around); line <= Math.min(lines.length, last + around); line++) {
    const mark = marked.has(line) ? '>>>' : '   ';
    rows.push(` ${String(line).padStart(3)} | ${mark} ${printable(lines[line - 1]!.replace(/\r$/, ''))}\n`);
  }
  const rule = '-'.repeat(20);
  return `${nameOf(source)}:${first}\n${rule}\n${rows.join('')}${rule}\n`;
}

/** Lines of texts that were shown before: a text may have thousands of warnings. */
const split = new WeakMap<SourceInfo, readonly string[]>();

function linesOf(source: SourceInfo): readonly string[] {
  const known = split.get(source);
  if (known) return known;
  const text = Buffer.from(source.data ?? '', 'base64').toString();
  const lines = text.split('\n');
  split.set(source, lines);
  return lines;
}

/** Text out of a file, with nothing in it that a terminal obeys. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\t)\p{Cc}/gu, '·');
}
