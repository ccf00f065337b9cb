// Tasks for pool.test.ts, in a file of their own: a worker loads the module that a task is in.

import { threadId } from 'node:worker_threads';
import { Failed } from '../std/failed.ts';
import { type TaskContext, task } from './tasks.ts';

export function add({ a, b }: { a: number; b: number }): { sum: number; thread: number } {
  return { sum: a + b, thread: threadId };
}
export function fail(): never {
  throw new Failed(
    { kind: 'broken', message: 'it broke', part: 7 } as { kind: 'broken'; message: string; part: number },
    {
      cause: Object.assign(new Error('no such file'), { code: 'ENOENT', path: '/x' }),
    },
  );
}
export function spin(started: SharedArrayBuffer, { check }: TaskContext): never {
  Atomics.store(new Int32Array(started), 0, 1);
  Atomics.notify(new Int32Array(started), 0);
  for (;;) check();
}
export async function wait(started: SharedArrayBuffer, { signal }: TaskContext): Promise<never> {
  const alive = setInterval(() => {}, 1000);
  Atomics.store(new Int32Array(started), 0, 1);
  Atomics.notify(new Int32Array(started), 0);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(alive);
  throw signal.reason;
}
export const tasks = {
  add: task(import.meta.url, add),
  fail: task(import.meta.url, fail),
  spin: task(import.meta.url, spin),
  wait: task(import.meta.url, wait),
};
