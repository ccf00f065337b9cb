import { cleanPath } from './patterns.ts';

/**
 * The patterns of a `.dockerignore`: one a line, `#` begins a comment line, `!` an exception, a leading `/` means
 * nothing, paths are cleaned. Accepts a UTF-8 byte order mark. The result fits `PatternMatcher`.
 */
export function readIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (const raw of text.replace(/^\uFEFF/, '').split('\n')) {
    if (raw.startsWith('#')) continue;
    const line = raw.trim();
    if (line === '') continue;
    const exception = line.startsWith('!');
    const written = exception ? line.slice(1).trim() : line;
    const cleaned = written === '' ? '' : cleanPath(written).replace(/^\/(?=.)/, '');
    patterns.push(exception ? `!${cleaned}` : cleaned);
  }
  return patterns;
}
