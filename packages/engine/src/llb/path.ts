import { cleanPath } from '../std/patterns.ts';

export { cleanPath };

/** Go's `path.Join`: empty parts are left out, '' if all are. */
export function joinPath(...parts: readonly string[]): string {
  const given = parts.filter((part) => part !== '');
  return given.length === 0 ? '' : cleanPath(given.join('/'));
}

/** Go's `path.Base`: the last element without slashes; '.' for '' and '/' for the root. */
export function basePath(path: string): string {
  if (path === '') return '.';
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}
