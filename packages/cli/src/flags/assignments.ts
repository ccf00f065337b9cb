import { splitCsv } from '@monokit/engine/std/csv';
import { Mistake } from '../mistake.ts';

/** `NAME=VALUE`; `fallback` says what a name alone means. */
export function assignment(
  flag: string,
  text: string,
  fallback?: (name: string) => string | undefined,
): [string, string] | undefined {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (name === '') throw new Mistake(`${flag} needs NAME=VALUE, got ${JSON.stringify(text)}`);
  if (at >= 0) return [name, text.slice(at + 1)];
  if (!fallback) throw new Mistake(`${flag} needs NAME=VALUE, got ${JSON.stringify(text)}`, `write ${flag} ${name}=…`);
  const value = fallback(name);
  return value === undefined ? undefined : [name, value];
}

/** `key=value,key=value`, quoted as in CSV. A field without `=` is given to `bare`, or means `true` where that is missing. */
export function attributes(
  flag: string,
  text: string,
  bare?: (field: string) => [string, string],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const field of fieldsOf(flag, text)) {
    const at = field.indexOf('=');
    const [key, value] =
      at >= 0 ? [field.slice(0, at).trim(), field.slice(at + 1)] : bare ? bare(field) : [field.trim(), 'true'];
    found[key.toLowerCase() === key || key.startsWith('annotation') ? key : key.toLowerCase()] = value;
  }
  return found;
}

function fieldsOf(flag: string, text: string): string[] {
  try {
    return splitCsv(text);
  } catch (error) {
    throw new Mistake(`${flag}: ${(error as Error).message}`);
  }
}
