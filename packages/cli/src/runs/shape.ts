// The shapes of what somebody may have brought here: values out of JSON are what they should be, or not taken.

export type Check = (value: unknown) => boolean;

/** A check for every key: what a record gains is checked, too, or this does not compile. */
type Checks<T> = { readonly [K in keyof T]-?: Check };

export const text: Check = (value) => typeof value === 'string';
export const flag: Check = (value) => typeof value === 'boolean';
/** Times, sizes, lines, offsets. */
export const number: Check = (value) => typeof value === 'number' && value >= 0;
export const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const oneOf =
  <T extends string>(...words: readonly T[]): Check =>
  (value) =>
    words.includes(value as T);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** Of bytes or lines. */
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const pair: Check = (value) => listOf(count)(value) && (value as readonly unknown[]).length === 2;

export function keys<T extends object>(checks: Checks<T>): Check {
  const all = Object.entries<Check>(checks);
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    return all.every(([key, check]) => check((value as Readonly<Record<string, unknown>>)[key]));
  };
}

/** An object whose values are all of one shape, whatever their keys. */
export function recordOf(check: Check): Check {
  return (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(check);
}
