// What flags and config say of how a run goes: what a failure stops, how long it may take, and what is tried again.

import type { Continue, SolveRequest } from '@monokit/engine';
import { parseSeconds } from '@monokit/engine/std/quantity';
import { timeText } from '@monokit/engine/std/units';
import { Mistake, TimedOut } from '../mistake.ts';
import type { Chosen, EngineSettings } from './tasks.ts';

/** What is still done after a failure. */
export function continueOf(flags: { readonly continue: string | undefined }, settings: EngineSettings): Continue {
  return (flags.continue as Continue | undefined) ?? settings.continue;
}

/** The longest time that Node's clocks count, in ms: almost 25 days. */
const longest = 2 ** 31 - 1;

/** The run's signal, which also fires when its time is up. The scope's end takes the clock away. */
export function withDeadline(
  signal: AbortSignal,
  { timeout }: { readonly timeout: string | undefined },
  scope: AsyncDisposableStack,
): AbortSignal {
  if (timeout === undefined) return signal;
  const ms = (parseSeconds(timeout) ?? 0) * 1000;
  if (ms <= 0 || ms > longest) {
    throw new Mistake(`--timeout needs a time such as 90s, 10m or 1h30m, got ${JSON.stringify(timeout)}`);
  }
  const over = new AbortController();
  const message = `timed out after ${timeText(ms)}`;
  const timer = setTimeout(() => over.abort(new TimedOut(message)), ms);
  scope.defer(() => clearTimeout(timer));
  return AbortSignal.any([signal, over.signal]);
}

/** What was chosen, with `--retries` for images that say nothing of it. */
export function withRetries<C extends Pick<Chosen, 'tasks' | 'offers'>>(
  chosen: C,
  { retries }: { readonly retries: string | undefined },
): C {
  if (retries === undefined) return chosen;
  if (!/^\d{1,3}$/.test(retries)) throw new Mistake(`--retries needs a number, got ${JSON.stringify(retries)}`);
  const said = (request: SolveRequest) => ({ ...request, steps: { retries: Number(retries), ...request.steps } });
  return {
    ...chosen,
    tasks: chosen.tasks.map((task) => ({ ...task, request: said(task.request) })),
    offers: chosen.offers.map((offer) => ({ ...offer, request: async () => said(await offer.request()) })),
  };
}
