import type { KeyPath } from './place.ts';
import { suggestion, type Problem } from './problem.ts';

/** What `${…}` may name: variables, and in a matrix its keys. */
export type Names = Readonly<Record<string, unknown>>;

/** Keys whose texts are somebody else's language. */
const literal = new Set(['dockerfileInline', 'define', 'matrix']);

/**
 * A value with `${NAME}`, `${NAME.field}` and `${NAME:-otherwise}` in its texts replaced; `$${` stands for `${`. A text
 * that is but the name of a list, inside a list, becomes the list's items.
 */
export function interpolated<T>(value: T, names: Names, report: (problem: Problem) => void, path: KeyPath = []): T {
  return replaced(value, names, report, path) as T;
}

function replaced(value: unknown, names: Names, report: (problem: Problem) => void, path: KeyPath): unknown {
  if (typeof value === 'string') return value.includes('${') ? text(value, names, report, path) : value;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index): readonly unknown[] => {
      const list = typeof item === 'string' ? listNamed(item, names) : undefined;
      return list ?? [replaced(item, names, report, [...path, index])];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      literal.has(key) ? item : replaced(item, names, report, [...path, key]),
    ]),
  );
}

function text(
  written: string,
  names: Names,
  report: (problem: Problem) => void,
  path: KeyPath,
): string | readonly string[] {
  const list = listNamed(written, names);
  if (list) return list;
  return written.replace(
    /\$\$\{|\$\{([A-Za-z_]\w*)((?:\.\w+)*)(?::-([^}]*))?\}/g,
    (whole, name?: string, fields?: string, otherwise?: string) => {
      if (name === undefined) return '${';
      const value = lookUp(names, name, fields ?? '');
      if (value !== undefined && value !== '') return Array.isArray(value) ? value.join(',') : String(value);
      if (otherwise !== undefined) return otherwise;
      if (value === '') return '';
      const known = suggestion(name, Object.keys(names));
      report({
        code: 'config/unknown-variable',
        path,
        message: `there is no variable ${name}${fields ?? ''}`,
        hint: known.hint ?? `declare it in vars, or write $${whole} for the text ${whole}`,
      });
      return whole;
    },
  );
}

function listNamed(written: string, names: Names): readonly string[] | undefined {
  const name = /^\$\{([A-Za-z_]\w*)\}$/.exec(written)?.[1];
  const value = name === undefined || !Object.hasOwn(names, name) ? undefined : names[name];
  return Array.isArray(value) ? value.map(String) : undefined;
}

function lookUp(names: Names, name: string, fields: string): unknown {
  let value: unknown = Object.hasOwn(names, name) ? names[name] : undefined;
  for (const field of fields.split('.').slice(1)) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, field)
        ? (value as Record<string, unknown>)[field]
        : undefined;
  }
  return typeof value === 'object' && !Array.isArray(value) ? undefined : value;
}
