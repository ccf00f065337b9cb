import { randomBytes } from 'node:crypto';

/** Crockford's digits: no letter that looks like another. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
const randomLength = 6;

/** A name for a run that begins now: ten digits of its time in milliseconds and six at random, so names sort by time. */
export function newRunId(at: number): string {
  let time = '';
  for (let rest = at; time.length < timeLength; rest = Math.floor(rest / 32)) time = digits[rest % 32]! + time;
  return time + [...randomBytes(randomLength)].map((byte) => digits[byte % 32]!).join('');
}

/** When a run began, in milliseconds since the epoch; undefined for what is no run's name. */
export function timeOfRun(id: string): number | undefined {
  if (id.length !== timeLength + randomLength || [...id].some((digit) => !digits.includes(digit))) return undefined;
  return [...id.slice(0, timeLength)].reduce((time, digit) => time * 32 + digits.indexOf(digit), 0);
}
