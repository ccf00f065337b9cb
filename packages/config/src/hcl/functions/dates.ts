import { FunctionError, type HclFunction } from '../function.ts';
import { isInteger, truncated } from '../number.ts';
import { number } from '../type.ts';
import { num, numOf, object, stringOf, text, type Value } from '../value.ts';
import { anything, fn, param, texts } from './parameters.ts';

/** A moment, and how far the clocks were ahead of UTC where it was written down, in minutes. */
interface Time {
  /** Since the epoch; whole ones. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly offset: number;
}

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Functions of dates; `clock` is the time of day in milliseconds. */
export function dateFunctions(clock: () => number): Readonly<Record<string, HclFunction>> {
  return {
    formatdate: fn(texts('format', 'time'), (pattern, time) =>
      text(formatTime(stringOf(pattern!), readTime(stringOf(time!), 1))),
    ),
    formattimestamp: fn([...texts('format'), ...anything('time')], (pattern, given) => {
      const time = timeOf(given!);
      return text(stringOf(pattern!) === 'X' ? String(time.seconds) : formatTime(stringOf(pattern!), time));
    }),
    timeadd: fn(texts('timestamp', 'duration'), (time, duration) => {
      const from = readTime(stringOf(time!), 0);
      const moved =
        BigInt(from.seconds) * 1_000_000_000n + BigInt(from.nanoseconds) + readDuration(stringOf(duration!));
      const seconds = moved / 1_000_000_000n - (moved % 1_000_000_000n < 0n ? 1n : 0n);
      return text(rfc3339({ ...from, seconds: Number(seconds), nanoseconds: 0 }));
    }),
    timestamp: fn([], () => text(rfc3339({ seconds: Math.floor(clock() / 1000), nanoseconds: 0, offset: 0 }))),
    unixtimestampparse: fn([param('unix_timestamp', number)], (given) => parts(unixTime(given!, 0))),
  };
}

function timeOf(given: Value): Time {
  if (given.type.kind === 'string') return readTime(stringOf(given), 1);
  if (given.type.kind === 'number') return unixTime(given, 1);
  throw new FunctionError('a timestamp is a text, or the seconds since the epoch', 1);
}

function unixTime(given: Value, argument: number): Time {
  const exact = numOf(given);
  const seconds = Number(truncated(exact));
  if (!isInteger(exact) || Math.abs(seconds) > 8.64e12)
    throw new FunctionError('seconds since the epoch are a whole number', argument);
  return { seconds, nanoseconds: 0, offset: 0 };
}

function readTime(written: string, argument: number): Time {
  const found =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/.exec(written) ?? undefined;
  const [, ...fields] = found ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.slice(0, 6).map(Number);
  const [ahead = 0, aheadMinutes = 0] = [Number(fields[8] ?? 0), Number(fields[9] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && month > 0;
  if (!found || !isDay || hour > 23 || minute > 59 || second > 59 || ahead > 23 || aheadMinutes > 59) {
    const message = `${JSON.stringify(written)} is not a timestamp such as 2006-01-02T15:04:05Z`;
    throw new FunctionError(message, argument);
  }
  const offset = (fields[7] === '-' ? -1 : 1) * (ahead * 60 + aheadMinutes);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset * 60;
  return { seconds, nanoseconds: Number((fields[6] ?? '').padEnd(9, '0').slice(0, 9)), offset };
}

/** The clock where the time was written down, as if it were UTC. */
function local({ seconds, offset }: Time): Date {
  return new Date((seconds + offset * 60) * 1000);
}

function rfc3339(time: Time): string {
  return formatTime("YYYY-MM-DD'T'hh:mm:ssZ", time);
}

const verbs: Readonly<Record<string, (time: Time, length: number) => string | undefined>> = {
  Y: (time, length) => {
    const year = local(time).getUTCFullYear();
    if (length === 2) return pad(year % 100);
    return length === 4 ? String(year).padStart(4, '0') : undefined;
  },
  M: (time, length) => {
    const month = local(time).getUTCMonth();
    const name = months[month]!;
    return [String(month + 1), pad(month + 1), name.slice(0, 3), name][length - 1];
  },
  D: (time, length) => digits(local(time).getUTCDate(), length),
  E: (time, length) => {
    const name = days[local(time).getUTCDay()]!;
    return length === 3 ? name.slice(0, 3) : length === 4 ? name : undefined;
  },
  h: (time, length) => digits(local(time).getUTCHours(), length),
  H: (time, length) => digits(local(time).getUTCHours() % 12 || 12, length),
  A: (time, length) => (length === 2 ? halfDay(time) : undefined),
  a: (time, length) => (length === 2 ? halfDay(time).toLowerCase() : undefined),
  m: (time, length) => digits(local(time).getUTCMinutes(), length),
  s: (time, length) => digits(local(time).getUTCSeconds(), length),
  Z: ({ offset }, length) => {
    const size = Math.abs(offset);
    const [hours, minutes] = [pad(Math.floor(size / 60)), pad(size % 60)];
    const sign = offset < 0 ? '-' : '+';
    if (length === 1) return offset === 0 ? 'Z' : `${sign}${hours}:${minutes}`;
    if (length === 3 && offset === 0) return 'UTC';
    if (length === 3 || length === 4) return `${sign}${hours}${minutes}`;
    return length === 5 ? `${sign}${hours}:${minutes}` : undefined;
  },
};

function formatTime(pattern: string, time: Time): string {
  return pattern.replace(/'(?:[^']|'')*'?|([A-Za-z])\1*/g, (token, letter?: string) => {
    if (letter !== undefined) {
      const made = Object.hasOwn(verbs, letter) ? verbs[letter]!(time, token.length) : undefined;
      if (made !== undefined) return made;
      const known = 'YYYY YY MMMM MMM MM M DD D EEEE EEE hh h HH H AA aa mm m ss s Z ZZZ ZZZZ ZZZZZ';
      throw new FunctionError(`${token} is no part of a date: there is ${known}; write other letters in '…'`, 0);
    }
    if (token.length === 1 || !token.endsWith("'"))
      throw new FunctionError("a literal in the format has no closing '", 0);
    return token === "''" ? "'" : token.slice(1, -1).replaceAll("''", "'");
  });
}

function digits(value: number, length: number): string | undefined {
  return length === 1 ? String(value) : length === 2 ? pad(value) : undefined;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function halfDay(time: Time): string {
  return local(time).getUTCHours() < 12 ? 'AM' : 'PM';
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Nanoseconds, of a text such as `1h30m`, `-10s`, `1.5h`. */
function readDuration(written: string): bigint {
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(written)!;
  if (rest === '0') return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest))
    throw new FunctionError(`${JSON.stringify(written)} is not a duration such as 1h30m`, 1);
  let sum = 0n;
  for (const [, amount, unit] of rest.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const [whole = '', fraction = ''] = amount!.split('.');
    const size = units[unit!]!;
    sum += BigInt(whole || '0') * size;
    if (fraction) sum += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return sign === '-' ? -sum : sum;
}

function parts(time: Time): Value {
  const date = local(time);
  const year = date.getUTCFullYear();
  const startOfDay = Date.UTC(year, date.getUTCMonth(), date.getUTCDate());
  const [isoYear, isoWeek] = isoWeekOf(startOfDay);
  return object(
    Object.entries({
      year: num(year),
      year_day: num((startOfDay - Date.UTC(year, 0, 1)) / 86_400_000 + 1),
      day: num(date.getUTCDate()),
      month: num(date.getUTCMonth() + 1),
      month_name: text(months[date.getUTCMonth()]!),
      weekday: num(date.getUTCDay()),
      weekday_name: text(days[date.getUTCDay()]!),
      hour: num(date.getUTCHours()),
      minute: num(date.getUTCMinutes()),
      second: num(date.getUTCSeconds()),
      rfc3339: text(rfc3339(time)),
      iso_year: num(isoYear),
      iso_week: num(isoWeek),
    }),
  );
}

/** A week belongs to the year that its Thursday is in. */
function isoWeekOf(day: number): readonly [year: number, week: number] {
  const date = new Date(day);
  const thursday = new Date(day + (4 - (date.getUTCDay() || 7)) * 86_400_000);
  const year = thursday.getUTCFullYear();
  return [year, Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) + 1];
}
