/**
 * Work that is done once for all who ask for the same key at the same time. Nothing is remembered once it is done. The
 * work is aborted when the last who waits for it has gone.
 */
export class Flight<R> {
  readonly #running = new Map<string, Running<R>>();
  /** Also what everybody has left, until it has ended. */
  readonly #going = new Set<Promise<R>>();

  /** Joins the work for `key`, or begins it. Rejects with `signal.reason` when this caller leaves. */
  async run(
    key: string,
    { signal }: { readonly signal?: AbortSignal | undefined },
    work: (signal: AbortSignal) => Promise<R>,
  ): Promise<R> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.waiting++;
    const left = Promise.withResolvers<never>();
    const leave = () => {
      if (--running.waiting === 0) {
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.controller.abort(signal!.reason);
      }
      left.reject(signal!.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([running.result, left.promise]);
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Waits for all work, also for what was aborted and still clears away what it began. */
  async idle(): Promise<void> {
    while (this.#going.size > 0) await Promise.allSettled(this.#going);
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<R>): Running<R> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
      this.#going.delete(result);
    });
    this.#going.add(result);
    result.catch(() => {}); // who left no longer listens; who stays hears it in `run`
    const running: Running<R> = { controller, result, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

interface Running<R> {
  readonly controller: AbortController;
  readonly result: Promise<R>;
  waiting: number;
}
