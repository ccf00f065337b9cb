// HCL's numbers are binary floating point with a wide mantissa: 0.1 + 0.2 is 0.3, and no integer is rounded. A number
// is `mantissa * 2 ** exponent`, rounded to its precision half to even, as Go's big.Float.

export interface Num {
  /** Odd, or zero; with the sign. */
  readonly mantissa: bigint;
  readonly exponent: number;
  /** Bits that the mantissa may have. */
  readonly precision: number;
}

/** Of numbers that come from texts. */
const textPrecision = 512;
/** Of numbers that Go makes of its integers. */
const integerPrecision = 64;
const doublePrecision = 53;

/** Decimal exponents beyond this are refused: what they mean would not fit into memory. */
const mostExponent = 10_000;

export const zero: Num = { mantissa: 0n, exponent: 0, precision: integerPrecision };

/** A whole number of this process, e.g. a length. */
export function fromInteger(value: number | bigint): Num {
  const mantissa = BigInt(value);
  return rounded(mantissa, 0, Math.max(integerPrecision, bitLength(mantissa)));
}

/** A double, exactly. */
export function fromDouble(value: number): Num {
  if (!Number.isFinite(value)) throw new RangeError('the result is not a finite number');
  let exponent = 0;
  let whole = value;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    exponent--;
  }
  return rounded(BigInt(whole), exponent, doublePrecision);
}

/** A decimal text, or undefined if it is none. Throws a `RangeError` where the exponent is out of bounds. */
export function parseNumber(text: string): Num | undefined {
  const [, sign, whole = '', , fraction = '', power = '0'] =
    /^([+-]?)(\d*)(\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > mostExponent || whole.length > mostExponent)
    throw new RangeError(`the number ${text.slice(0, 30)} is out of bounds`);
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  if (exponent >= 0) return rounded(digits * 10n ** BigInt(exponent), 0, textPrecision);
  return quotient(digits, 10n ** BigInt(-exponent), textPrecision);
}

/** As a text of the environment is read: what a double can be. */
export function numOfText(text: string): Num | undefined {
  if (!/^[+-]?(?:\d|\.\d)/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? fromDouble(value) : undefined;
}

export function add(a: Num, b: Num): Num {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = shifted(a.mantissa, a.exponent - exponent) + shifted(b.mantissa, b.exponent - exponent);
  return rounded(sum, exponent, Math.max(a.precision, b.precision));
}

export function negate(a: Num): Num {
  return { ...a, mantissa: -a.mantissa };
}

export function subtract(a: Num, b: Num): Num {
  return add(a, negate(b));
}

export function multiply(a: Num, b: Num): Num {
  const exact = rounded(a.mantissa * b.mantissa, a.exponent + b.exponent, textPrecision);
  return { ...exact, precision: Math.max(a.precision, b.precision, bitLength(exact.mantissa)) };
}

/** Throws a `RangeError` where `b` is zero. */
export function divide(a: Num, b: Num): Num {
  if (b.mantissa === 0n) throw new RangeError('a number cannot be divided by zero');
  const ratio = quotient(a.mantissa, b.mantissa, Math.max(a.precision, b.precision));
  return rounded(ratio.mantissa, ratio.exponent + a.exponent - b.exponent, ratio.precision);
}

/** What remains of `a` when whole `b`s are taken away, with the sign of `a`; `a` itself where `b` is zero. */
export function modulo(a: Num, b: Num): Num {
  if (b.mantissa === 0n) return a;
  const times = fromInteger(truncated(divide(a, b)));
  return subtract(a, multiply(b, times));
}

export function compare(a: Num, b: Num): number {
  const { mantissa } = subtract({ ...a, precision: 1 << 20 }, b);
  return mantissa < 0n ? -1 : mantissa > 0n ? 1 : 0;
}

export function isInteger(a: Num): boolean {
  return a.exponent >= 0;
}

/** The whole part, towards zero. */
export function truncated({ mantissa, exponent }: Num): bigint {
  return exponent >= 0 ? mantissa << BigInt(exponent) : mantissa / (1n << BigInt(-exponent));
}

export function floor(a: Num): bigint {
  const whole = truncated(a);
  return isInteger(a) || a.mantissa >= 0n ? whole : whole - 1n;
}

export function toDouble(a: Num): number {
  return Number(numberText(a));
}

/** The shortest decimal, without an exponent, that is this number at its precision. */
export function numberText(a: Num): string {
  const { digits, point } = decimal(a);
  const sign = a.mantissa < 0n ? '-' : '';
  if (point <= 0) return digits === '0' ? '0' : `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** The shortest digits of a number's size, without zeros at their end; the value is `0.digits * 10 ** point`. */
export function decimal(a: Num): { readonly digits: string; readonly point: number } {
  if (a.mantissa === 0n) return { digits: '0', point: 1 };
  const size = a.mantissa < 0n ? -a.mantissa : a.mantissa;
  if (a.exponent >= 0 && bitLength(size) + a.exponent <= a.precision) {
    const whole = (size << BigInt(a.exponent)).toString();
    return { digits: whole.replace(/0+$/, ''), point: whole.length };
  }
  return shortest(size, a);
}

/**
 * The exact digits of a number's size, rounded half to even to `places` after the point (or, where `significant`, to so
 * many digits in all).
 */
export function fixedDigits(
  a: Num,
  places: number,
  significant = false,
): { readonly digits: string; readonly point: number } {
  const size = a.mantissa < 0n ? -a.mantissa : a.mantissa;
  const scale = Math.max(0, -a.exponent);
  const exact = (a.exponent >= 0 ? size << BigInt(a.exponent) : size * 5n ** BigInt(scale)).toString();
  const point = size === 0n ? 1 : exact.length - scale;
  const keep = significant ? places : point + places;
  if (keep < 0) return { digits: '', point };
  const kept = exact.padEnd(keep + 1, '0');
  const head = BigInt(kept.slice(0, keep) || '0');
  const rest = kept.slice(keep);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && head % 2n === 1n);
  const digits = (up ? head + 1n : head).toString();
  const grown = digits.length > Math.max(keep, 1) || (keep === 0 && up);
  if (grown) return { digits: significant ? digits.slice(0, keep) : digits, point: point + 1 };
  return { digits: keep === 0 ? '' : digits.padStart(keep, '0'), point };
}

/** As Go shortens: digits until all numbers that begin so lie in the half steps around this one. */
function shortest(size: bigint, { exponent, precision }: Num): { readonly digits: string; readonly point: number } {
  const lift = precision - bitLength(size);
  const mantissa = size << BigInt(lift);
  const inclusive = mantissa % 2n === 0n;
  const half = exponent - lift - 1;
  const scaled = (value: bigint) => (half >= 0 ? value << BigInt(half) : value * 5n ** BigInt(-half));
  const [low, own, high] = [2n * mantissa - 1n, 2n * mantissa, 2n * mantissa + 1n].map((value) =>
    scaled(value).toString(),
  ) as [string, string, string];
  const width = high.length;
  const point = width - Math.max(0, -half);
  const lower = low.padStart(width, '0');
  const digits = own.padStart(width, '0');
  for (let i = 0; i < width; i++) {
    const down = lower[i] !== digits[i] || (inclusive && i + 1 === width);
    const up = digits[i] !== high[i] && (inclusive || Number(digits[i]) + 1 < Number(high[i]) || i + 1 < width);
    const head = digits.slice(0, i + 1);
    if (down && up) {
      const rest = digits.slice(i + 1);
      const middle = `5${'0'.repeat(Math.max(0, rest.length - 1))}`;
      return trimmed(rest >= middle && rest !== '' ? next(head) : head, point);
    }
    if (down) return trimmed(head, point);
    if (up) return trimmed(next(head), point);
  }
  return trimmed(digits, point);
}

function next(digits: string): string {
  return (BigInt(digits) + 1n).toString().padStart(digits.length, '0');
}

function trimmed(digits: string, point: number): { readonly digits: string; readonly point: number } {
  const leading = /^0*/.exec(digits)![0].length;
  return { digits: digits.slice(leading).replace(/0+$/, ''), point: point - leading };
}

function quotient(dividend: bigint, divisor: bigint, precision: number): Num {
  const shift = Math.max(0, precision + 2 + bitLength(divisor) - bitLength(dividend));
  const scaled = dividend << BigInt(shift);
  const whole = scaled / divisor;
  // A bit below all others, so that what is left over counts when it is rounded.
  const sticky = scaled % divisor === 0n ? 0n : scaled < 0n === divisor < 0n ? 1n : -1n;
  return rounded(whole * 2n + sticky, -shift - 1, precision);
}

function rounded(mantissa: bigint, exponent: number, precision: number): Num {
  if (mantissa === 0n) return { mantissa, exponent: 0, precision };
  let size = mantissa < 0n ? -mantissa : mantissa;
  let power = exponent;
  const extra = bitLength(size) - precision;
  if (extra > 0) {
    const half = 1n << BigInt(extra - 1);
    const rest = size & ((1n << BigInt(extra)) - 1n);
    size >>= BigInt(extra);
    if (rest > half || (rest === half && size % 2n === 1n)) size++;
    power += extra;
  }
  const zeros = trailingZeros(size);
  size >>= BigInt(zeros);
  return { mantissa: mantissa < 0n ? -size : size, exponent: power + zeros, precision };
}

function shifted(value: bigint, bits: number): bigint {
  return value << BigInt(bits);
}

function bitLength(value: bigint): number {
  const hex = (value < 0n ? -value : value).toString(16);
  return value === 0n ? 0 : (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}

function trailingZeros(value: bigint): number {
  const hex = value.toString(16);
  const nibbles = /0*$/.exec(hex)![0].length;
  const last = Number.parseInt(hex[hex.length - nibbles - 1]!, 16);
  return nibbles * 4 + (31 - Math.clz32(last & -last));
}
