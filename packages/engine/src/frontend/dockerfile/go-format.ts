// BuildKit writes some values into image histories with Go's fmt verbs; these give the same text.

import type { Healthcheck } from '../../oci/image-config.ts';
import { goDuration } from '../../std/go-duration.ts';
import { goQuote } from '../../std/go-quote.ts';

/** Go's `%q` of a list: `["a" "b"]`. */
export function goQuoteList(list: readonly string[]): string {
  return `[${list.map(goQuote).join(' ')}]`;
}

/** Go's `%v` of a list: `[a b]`. */
export function goList(list: readonly string[]): string {
  return `[${list.join(' ')}]`;
}

/** Go's `%+v` of a health check: `{Test:[CMD-SHELL true] Interval:5s … Retries:0}`. */
export function goHealthcheck(check: Healthcheck): string {
  const { Test = [], Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 } = check;
  const durations = { Interval, Timeout, StartPeriod, StartInterval };
  const written = Object.entries(durations).map(([name, value]) => `${name}:${goDuration(value)}`);
  return `{Test:${goList(Test)} ${written.join(' ')} Retries:${Retries}}`;
}
