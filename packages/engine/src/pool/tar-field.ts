// The fields of a tar header as they are read.

import type { BytePath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import type { PoolFailure } from './failure.ts';

/** A name in a header. */
export function text(block: Buffer, at: number, length: number): BytePath {
  return untilNul(block.toString('latin1', at, at + length));
}

/** What is in front of the first NUL. */
export function untilNul(value: string): string {
  const end = value.indexOf('\0');
  return end < 0 ? value : value.slice(0, end);
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
export function number(block: Buffer, at: number, length: number): number {
  const first = block[at]!;
  if ((first & 0x80) === 0) {
    const digits = untilNul(block.toString('latin1', at, at + length).replace(/^[\0 ]+/, '')).trim();
    if (digits === '') return 0;
    const value = /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw broken('a header holds no number where one belongs');
    return value;
  }
  const negative = (first & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let i = 0; i < length; i++) {
    const byte = i > 0 ? block[at + i]! : negative ? first | 0x80 : first & 0x7f;
    value = (value << 8n) | BigInt(byte);
  }
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw broken('a header holds a number that is too large');
  return result;
}

/** An archive that is none. */
export function broken(what: string): Failed<PoolFailure> {
  return new Failed<PoolFailure>({ kind: 'archive-invalid', message: `the archive cannot be read: ${what}` });
}
