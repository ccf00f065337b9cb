import type { Facts } from './facts.ts';

/** A value with its `{{…}}` filled in. `names` are the ones a rule knows beyond the global ones. */
export function filledIn(
  text: string,
  facts: Facts,
  { now, names = {} }: { readonly now: number; readonly names?: Readonly<Record<string, string>> },
): string {
  return text.replaceAll(/\{\{\{?\s*([^{}]*?)\s*\}?\}\}/g, (whole, expression: string) => {
    const value = names[expression] ?? globals(facts)[expression] ?? dated(expression, facts, now);
    if (value === undefined) throw new TypeError(`${whole} means nothing here: ${known(names)} do`);
    return value;
  });
}

/** Names that mean something everywhere. */
function globals({ event, commit, defaultBranch }: Facts): Readonly<Record<string, string>> {
  const branch = event.kind === 'tag' ? '' : event.branch;
  const isDefault = event.kind !== 'tag' && event.kind !== 'pull-request' && branch === defaultBranch;
  return {
    branch,
    tag: event.kind === 'tag' ? event.tag : '',
    sha: commit.slice(0, 7),
    base_ref: event.kind === 'pull-request' ? event.base : '',
    is_default_branch: String(isDefault),
    is_not_default_branch: String(!isDefault),
  };
}

function known(names: Readonly<Record<string, string>>): string {
  const all = [...Object.keys(names), 'branch', 'tag', 'sha', 'base_ref', 'is_default_branch', 'is_not_default_branch'];
  return `${all.map((name) => `{{${name}}}`).join(', ')}, {{date 'YYYYMMDD'}} and {{commit_date 'YYYYMMDD'}}`;
}

/** `date 'YYYYMMDD-HHmmss' tz='Europe/Paris'`. */
function dated(expression: string, { commitDate }: Facts, now: number): string | undefined {
  const [, name, format, zone = 'UTC'] =
    /^(date|commit_date)\s+['"]([^'"]*)['"](?:\s+tz=['"]([\w/+-]+)['"])?$/.exec(expression) ?? [];
  if (name === undefined) return undefined;
  return formatDate(name === 'date' ? now : commitDate, format!, zone);
}

/** A date in Moment's form. Throws a `TypeError` for letters that have no meaning here, and for unknown time zones. */
export function formatDate(at: number, format: string, zone: string): string {
  const parts = partsOf(at, zone);
  const month = (style: 'short' | 'long') => new Intl.DateTimeFormat('en', { month: style, timeZone: zone }).format(at);
  const tokens: Readonly<Record<string, string>> = {
    YYYY: parts.year,
    YY: parts.year.slice(-2),
    MMMM: month('long'),
    MMM: month('short'),
    MM: parts.month,
    M: String(Number(parts.month)),
    DD: parts.day,
    D: String(Number(parts.day)),
    HH: parts.hour,
    H: String(Number(parts.hour)),
    mm: parts.minute,
    m: String(Number(parts.minute)),
    ss: parts.second,
    s: String(Number(parts.second)),
    X: String(Math.floor(at / 1000)),
    x: String(at),
  };
  return format.replaceAll(/\[([^\]]*)\]|([A-Za-z])\2*/g, (letters: string, literal: string | undefined) => {
    const value = literal ?? tokens[letters];
    if (value === undefined) {
      throw new TypeError(`the date format ${format} has ${letters}: ${Object.keys(tokens).join(', ')} are known`);
    }
    return value;
  });
}

function partsOf(
  at: number,
  timeZone: string,
): Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', string> {
  const two = '2-digit';
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two },
      ...{ hourCycle: 'h23', timeZone },
    });
  } catch (error) {
    if (error instanceof RangeError) throw new TypeError(`${timeZone} is not a time zone`, { cause: error });
    throw error;
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value])) as ReturnType<
    typeof partsOf
  >;
}
