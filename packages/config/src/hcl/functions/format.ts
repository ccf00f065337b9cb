// printf as Go has it, for HCL's values.

import { ConversionError, convert } from '../convert.ts';
import { FunctionError, type HclFunction } from '../function.ts';
import { jsonText } from '../json-value.ts';
import { decimal, fixedDigits, isInteger, truncated, type Num } from '../number.ts';
import { any, bool, number, string, type Type } from '../type.ts';
import { elements, isSequence, list, numOf, stringOf, text, type Value } from '../value.ts';
import { fn, texts } from './parameters.ts';
import { characters } from './text.ts';

const args = { name: 'args', type: any, nullable: true } as const;

export const formatFunctions: Readonly<Record<string, HclFunction>> = {
  format: fn(texts('format'), (pattern, ...given) => text(format(stringOf(pattern!), given)), args),
  formatlist: fn(texts('format'), formatList, args),
};

function formatList(...[pattern, ...given]: readonly Value[]): Value {
  const isList = ({ is, type }: Value) => is !== null && isSequence(type);
  const first = given.findIndex(isList);
  const rounds = first < 0 ? 1 : elements(given[first]!).length;
  for (const [index, each] of given.entries()) {
    if (!isList(each) || elements(each).length === rounds) continue;
    const count = `${elements(each).length} elements, and argument ${first + 1} has ${rounds}`;
    throw new FunctionError(`argument ${index + 1} has ${count}`, index + 1);
  }
  const made = Array.from({ length: rounds }, (_, round) =>
    text(
      format(
        stringOf(pattern!),
        given.map((each) => (isList(each) ? elements(each)[round]! : each)),
      ),
    ),
  );
  return list(string, made);
}

interface Verb {
  readonly raw: string;
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly mode: string;
}

/** No text is padded to more than this. */
const widest = 100_000;

function format(pattern: string, given: readonly Value[]): string {
  let next = 1;
  let highest = 0;
  const verb = /%(?:%|([0#\-+ ]*)([1-9]\d*)?(?:\.(\d*))?(?:\[([1-9]\d*)\])?([A-Za-z]))/g;
  let at = 0;
  let made = '';
  for (const found of pattern.matchAll(verb)) {
    made += plain(pattern.slice(at, found.index), at);
    at = found.index + found[0].length;
    const [raw, flags = '', width, precision, argument, mode] = found;
    if (mode === undefined) {
      made += '%';
      continue;
    }
    const position = argument === undefined ? next : Number(argument);
    next = position + 1;
    highest = Math.max(highest, position);
    const value = given[position - 1];
    if (!value) throw new FunctionError(`${raw} needs argument ${position}, and there are ${given.length}`, 0);
    const [wide, precise] = [width, precision].map((written) => (written === undefined ? undefined : Number(written)));
    if ((wide ?? 0) > widest || (precise ?? 0) > widest) throw new FunctionError(`${raw} is too wide`, 0);
    made += formatted({ raw, flags, width: wide, precision: precise, mode }, value, position);
  }
  made += plain(pattern.slice(at), at);
  if (highest < given.length)
    throw new FunctionError(
      `there are ${given.length} arguments, and the format uses ${highest === 0 ? 'none' : highest}`,
      highest + 1,
    );
  return made;
}

function plain(part: string, at: number): string {
  const wrong = part.indexOf('%');
  if (wrong < 0) return part;
  throw new FunctionError(`the % at offset ${at + wrong} begins nothing that is known; write %% for %`, 0);
}

function formatted(verb: Verb, value: Value, position: number): string {
  const { raw, mode } = verb;
  const as = (type: Type): Value => {
    if (value.is === null) throw new FunctionError(`null cannot be written as ${raw}`, position);
    try {
      return convert(value, type);
    } catch (error) {
      if (error instanceof ConversionError) throw new FunctionError(`${raw}: ${error.message}`, position);
      throw error;
    }
  };
  switch (mode) {
    case 'v':
      return padded(verb, asItIs(verb, value));
    case 't':
      return String(as(bool).is);
    case 's':
    case 'q': {
      const written = stringOf(as(string));
      const { precision } = verb;
      const cut = precision ? characters(written).slice(0, precision).join('') : written;
      return padded(verb, mode === 'q' ? jsonText(text(cut)) : cut);
    }
    case 'b':
    case 'd':
    case 'o':
    case 'x':
    case 'X': {
      const exact = numOf(as(number));
      if (!isInteger(exact)) throw new FunctionError(`${raw} needs a whole number`, position);
      return signed(verb, exact, integerDigits(verb, exact));
    }
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G': {
      const exact = numOf(as(number));
      return signed(verb, exact, fractionDigits(mode, exact, verb.precision));
    }
    default:
      throw new FunctionError(`${raw} is not a known format: there is %v %t %s %q %d %b %o %x %X %e %f %g`, 0);
  }
}

function asItIs({ flags }: Verb, value: Value): string {
  if (!flags.includes('#') && value.is !== null) {
    if (value.type.kind === 'string') return stringOf(value);
    if (value.type.kind === 'number') {
      const exact = numOf(value);
      return (exact.mantissa < 0n ? '-' : '') + fractionDigits('g', exact, undefined);
    }
  }
  return jsonText(value);
}

function padded({ flags, width = 0 }: Verb, written: string): string {
  const missing = width - characters(written).length;
  if (missing <= 0) return written;
  const pad = (flags.includes('0') ? '0' : ' ').repeat(missing);
  return flags.includes('-') ? written + pad : pad + written;
}

/** Digits with their sign, padded as numbers are: zeros stand behind the sign. */
function signed({ flags, width = 0, precision, mode }: Verb, { mantissa }: Num, digits: string): string {
  const sign = mantissa < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const missing = Math.max(0, width - sign.length - digits.length);
  if (flags.includes('-')) return sign + digits + ' '.repeat(missing);
  const zeros = flags.includes('0') && !('bdoxX'.includes(mode) && precision !== undefined);
  return zeros ? sign + '0'.repeat(missing) + digits : ' '.repeat(missing) + sign + digits;
}

const bases: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  b: [2, '0b'],
  d: [10, ''],
  o: [8, '0'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function integerDigits({ flags, precision, mode }: Verb, exact: Num): string {
  const [base, prefix] = bases[mode]!;
  const whole = truncated(exact);
  let digits = (whole < 0n ? -whole : whole).toString(base);
  if (precision !== undefined) digits = precision === 0 && whole === 0n ? '' : digits.padStart(precision, '0');
  return (flags.includes('#') ? prefix : '') + (mode === 'X' ? digits.toUpperCase() : digits);
}

/** A number's size; without a precision, six digits after the point, or for `g` as few as tell it from all others. */
function fractionDigits(mode: string, exact: Num, precision: number | undefined): string {
  if (mode === 'f') {
    const places = precision ?? 6;
    const { digits, point } = fixedDigits(exact, places);
    const all = point <= 0 ? '0'.repeat(1 - point) + digits : digits;
    const whole = point <= 0 ? all.slice(0, 1) : all.slice(0, point);
    const rest = all.slice(whole.length).padEnd(places, '0').slice(0, places);
    return places === 0 ? whole || '0' : `${whole || '0'}.${rest}`;
  }
  if (mode === 'e' || mode === 'E') {
    const places = precision ?? 6;
    return scientific(fixedDigits(exact, places + 1, true), { mode, places, zero: exact.mantissa === 0n });
  }
  const found = precision === undefined ? decimal(exact) : fixedDigits(exact, Math.max(1, precision), true);
  const digits = found.digits.replace(/0+$/, '') || '0';
  const exponent = exact.mantissa === 0n ? 0 : found.point - 1;
  let limit = precision === undefined ? 6 : Math.max(1, precision);
  if (limit > digits.length && digits.length >= found.point) limit = digits.length;
  if (precision === undefined) limit = 6;
  if (exponent < -4 || exponent >= limit)
    return scientific(
      { digits, point: found.point },
      {
        mode: mode === 'G' ? 'E' : 'e',
        places: digits.length - 1,
        zero: false,
      },
    );
  if (exact.mantissa === 0n) return '0';
  if (found.point <= 0) return `0.${'0'.repeat(-found.point)}${digits}`;
  if (found.point >= digits.length) return digits + '0'.repeat(found.point - digits.length);
  return `${digits.slice(0, found.point)}.${digits.slice(found.point)}`;
}

function scientific(
  { digits, point }: { readonly digits: string; readonly point: number },
  { mode, places, zero }: { readonly mode: string; readonly places: number; readonly zero: boolean },
): string {
  const exponent = zero ? 0 : point - 1;
  const all = digits.padEnd(places + 1, '0');
  const mantissa = places > 0 ? `${all[0]}.${all.slice(1, places + 1)}` : all[0]!;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}${mode}${exponent < 0 ? '-' : '+'}${size}`;
}
