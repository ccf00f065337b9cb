import { setTimeout as sleep } from 'node:timers/promises';

/** How often to try, and how long to wait before try `n` (2, 3, …), in milliseconds. */
export interface RetryPolicy {
  readonly tries: number;
  delay(n: number): number;
  /** How to let so many milliseconds go by; rejects with `signal.reason`. Really waits without it. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Whoever asks for more than these milliseconds is not waited for. */
export const longestPause = 5 * 60_000;

/** Five tries; half a second, doubling, up to eight, each spread by a quarter so that many builds don't come in step. */
export const patient: RetryPolicy = {
  tries: 5,
  delay: (n) => Math.min(8000, 500 * 2 ** (n - 2)) * (0.75 + Math.random() / 2),
};

/** What one try told: done, or worth another one (after what the server asks for, in milliseconds). */
export type Try<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'again'; readonly error: unknown; readonly after?: number };

/** Tries until it is done; throws the last error once the policy's tries are used up. */
export async function retrying<T>(
  attempt: (n: number) => Promise<Try<T>>,
  { policy, signal }: { readonly policy: RetryPolicy; readonly signal: AbortSignal },
): Promise<T> {
  for (let n = 1; ; n++) {
    signal.throwIfAborted();
    const outcome = await attempt(n);
    if (outcome.kind === 'done') return outcome.value;
    if (n >= policy.tries) throw outcome.error;
    const { after = 0 } = outcome;
    if (after > longestPause) throw outcome.error;
    await (policy.wait ?? wait)(Math.max(policy.delay(n + 1), after), signal);
  }
}

/** Waits; rejects with `signal.reason` if the signal fires first. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** `Retry-After` in milliseconds; undefined where it is missing or no number of seconds or date. */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
