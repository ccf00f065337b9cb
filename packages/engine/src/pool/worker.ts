// The worker's side: loads the module that an order names, and runs its function. One order at a time a worker.

import { type Answer, type Order, type TaskFunction, errorData, state } from './tasks.ts';

export default async function work(order: Order): Promise<Answer> {
  const word = new Int32Array(order.state);
  if (Atomics.compareExchange(word, 0, state.waiting, state.running) !== state.waiting) return aborted;
  const abort = new AbortController();
  void whenAborted(word).then(() => abort.abort());
  const check = () => {
    if (Atomics.load(word, 0) === state.aborted) throw new DOMException('the task was aborted', 'AbortError');
  };
  try {
    const module = (await import(order.module)) as Record<string, TaskFunction<unknown, unknown> | undefined>;
    const run = module[order.name];
    if (run === undefined) throw new Error(`${order.module} exports no ${order.name}`);
    return { kind: 'done', value: await run(order.args, { signal: abort.signal, check }) };
  } catch (error) {
    return { kind: 'failed', error: errorData(error) };
  } finally {
    Atomics.compareExchange(word, 0, state.running, state.ended);
    Atomics.notify(word, 0);
  }
}

const aborted: Answer = { kind: 'failed', error: errorData(new DOMException('the task was aborted', 'AbortError')) };

/** Resolves when the run is aborted; when it ended otherwise, never. */
async function whenAborted(word: Int32Array): Promise<void> {
  const wait = Atomics.waitAsync(word, 0, state.running);
  if (wait.async) await wait.value;
  if (Atomics.load(word, 0) !== state.aborted) await new Promise<never>(() => {});
}
