// `--name=value` between an instruction and its arguments.

import { mistake } from './failure.ts';

/** How a flag may be written: once with a value, `true`/`false`/nothing, or any number of times. */
export type FlagKind = 'text' | 'boolean' | 'list';

export type Flags<K extends Readonly<Record<string, FlagKind>>> = {
  readonly [N in keyof K]: K[N] extends 'list'
    ? readonly string[]
    : (K[N] extends 'boolean' ? boolean : string) | undefined;
};

/** Reads the flags of an instruction that knows `kinds`; a flag that was not written is undefined (a list is empty). */
export function readFlags<const K extends Readonly<Record<string, FlagKind>>>(
  written: readonly string[],
  kinds: K,
): Flags<K> {
  const values: Record<string, string | boolean | string[] | undefined> = {};
  for (const [name, kind] of Object.entries(kinds)) values[name] = kind === 'list' ? [] : undefined;
  for (const flag of written) {
    const equals = flag.indexOf('=');
    const shown = equals < 0 ? flag : flag.slice(0, equals);
    const value = equals < 0 ? undefined : flag.slice(equals + 1);
    const name = shown.slice(2);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (!kind) {
      throw mistake(`unknown flag: ${shown}`, { token: shown, nearTo: { word: name, candidates: Object.keys(kinds) } });
    }
    const before = values[name];
    if (Array.isArray(before)) before.push(required(shown, value));
    else if (before !== undefined) throw mistake(`duplicate flag specified: ${shown}`, { token: shown });
    else values[name] = kind === 'boolean' ? yesOrNo(shown, value) : required(shown, value);
  }
  return values as Flags<K>;
}

function required(flag: string, value: string | undefined): string {
  if (value === undefined) throw mistake(`missing a value on flag: ${flag}`, { token: flag });
  return value;
}

function yesOrNo(flag: string, value: string | undefined): boolean {
  if (value === '') throw mistake(`missing a value on flag: ${flag}`, { token: flag });
  switch (value?.toLowerCase()) {
    case undefined:
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      throw mistake(`expecting boolean value for flag ${flag}, not: ${value}`, { token: `${flag}=${value}` });
  }
}
