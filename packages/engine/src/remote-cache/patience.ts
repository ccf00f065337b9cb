import type { Provider } from '../content/store.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';

/** Who is waited for, by the name that people know, and how many milliseconds. */
export interface Waiting {
  readonly name: string;
  readonly timeout: number;
}

/** Work that is given up (`cache-slow`) once `timeout` has passed since it began or `alive` was last called. */
export async function withPatience<T>(
  { name, timeout }: Waiting,
  outer: AbortSignal,
  work: (patience: { readonly signal: AbortSignal; readonly alive: () => void }) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const alive = () => {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => over.abort(slow(name, timeout)), timeout);
  };
  alive();
  const signal = AbortSignal.any([outer, over.signal]);
  // What does not heed its signal is left behind.
  const abandoned = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  abandoned.catch(() => undefined);
  try {
    return await Promise.race([work({ signal, alive }), abandoned]);
  } catch (error) {
    throw over.signal.aborted && !outer.aborted ? over.signal.reason : error;
  } finally {
    ended = true;
    clearTimeout(timer);
  }
}

/** A provider whose streams are given up where they stand still; the time that the reader takes does not count. */
export function patientProvider(from: Provider, waiting: Waiting): Provider {
  return {
    async *open(wanted, { signal: outer = new AbortController().signal } = {}) {
      const stop = new AbortController();
      const signal = AbortSignal.any([outer, stop.signal]);
      const pieces = from.open(wanted, { signal })[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await withPatience(waiting, signal, () => pieces.next());
          if (next.done) return;
          yield next.value;
        }
      } finally {
        stop.abort(new Error('nobody reads on'));
        // A stream that stands still may never answer.
        void Promise.resolve(pieces.return?.()).catch(() => undefined);
      }
    },
  };
}

/** A provider that tells of each piece that is read. */
export function toldProvider(from: Provider, alive: () => void): Provider {
  return {
    async *open(wanted, options) {
      for await (const piece of from.open(wanted, options)) {
        alive();
        yield piece;
      }
    },
  };
}

function slow(name: string, timeout: number): Failed<RemoteCacheFailure> {
  const seconds = timeout / 1000;
  const message = `${name} has not answered for ${seconds} s (timeout=${seconds}s)`;
  return new Failed<RemoteCacheFailure>({ kind: 'cache-slow', message });
}
