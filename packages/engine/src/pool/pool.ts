// The threads that do the engine's work on bytes and trees: hash, copy, diff, pack, unpack, compress. The main thread only
// schedules and reports. The home of piscina. This room does not know what the tasks are: the rooms above make them
// with `task` (tasks.ts) and hand them to `run`.

import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { type Answer, type Order, type Task, errorOf, nothing, runHere, state } from './tasks.ts';

export interface RunOptions {
  readonly signal?: AbortSignal;
}

export interface Pool extends AsyncDisposable {
  /**
   * Runs a task in a thread and gives its result. When `signal` fires, a task that waits leaves at once; one that runs
   * is told to stop, and the promise rejects with `signal.reason` when it has, so that nothing writes any more.
   */
  run<A, R>(task: Task<A, R>, args: A, options?: RunOptions): Promise<R>;
  /** Starts the first thread, so that a task that is sure to come need not wait for it. */
  warm(): void;
}

export interface PoolOptions {
  /** Most threads at once; as many as there are processors, at least two, when left out. */
  readonly threads?: number;
}

/**
 * Opens a pool. No thread starts before the first task, and idle ones end by themselves. Disposing stops what runs and
 * waits until it has stopped. Inside a worker, a pool's tasks run on the worker's own thread.
 */
export function openPool(options: PoolOptions = {}): Pool {
  return isMainThread ? new ThreadPool(options.threads ?? Math.max(2, availableParallelism())) : inline;
}

class ThreadPool implements Pool {
  readonly #threads: number;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  /** What workers have yet to answer, also where nobody waits for it any more. */
  readonly #orders = new Set<Promise<Answer>>();
  #piscina: Promise<Piscina> | undefined;

  constructor(threads: number) {
    this.#threads = threads;
  }

  async run<A, R>(task: Task<A, R>, args: A, { signal }: RunOptions = {}): Promise<R> {
    const either = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    either.throwIfAborted();
    const run = this.#run(task, args, either);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  warm(): void {
    // Whether it started is told to the first task.
    void this.run(nothing, undefined).catch(() => {});
  }

  async #run<A, R>(task: Task<A, R>, args: A, signal: AbortSignal): Promise<R> {
    const piscina = await (this.#piscina ??= open(this.#threads));
    signal.throwIfAborted();
    const word = new Int32Array(new SharedArrayBuffer(4));
    const order: Order = { module: task.module, name: task.name, args, state: word.buffer };
    const left = Promise.withResolvers<never>();
    const abort = () => {
      if (Atomics.compareExchange(word, 0, state.waiting, state.aborted) === state.waiting) left.reject(signal.reason);
      else if (Atomics.compareExchange(word, 0, state.running, state.aborted) === state.running)
        Atomics.notify(word, 0);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      const run = piscina.run(order) as Promise<Answer>;
      this.#orders.add(run);
      void run.catch(() => {}).then(() => this.#orders.delete(run));
      const answer: Answer = await Promise.race([run, left.promise]);
      if (answer.kind === 'done') return answer.value as R;
      if (Atomics.load(word, 0) === state.aborted) throw signal.reason;
      throw errorOf(answer.error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('the pool was closed', 'AbortError'));
    await Promise.allSettled(this.#running);
    await Promise.allSettled(this.#orders);
    await (await this.#piscina)?.destroy();
  }
}

const inline: Pool = {
  run: (task, args, options) => runHere(task, args, options?.signal),
  warm: () => {},
  [Symbol.asyncDispose]: async () => {},
};

async function open(threads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: new URL('./worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 2000,
    // An idle worker keeps its event loop, so that what a task left to be closed gets closed.
    atomics: 'disabled',
    recordTiming: false,
    workerHistogram: false,
  });
}
